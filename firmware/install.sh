#!/bin/sh
# What `make install` lays beside the program, all of it printed by the program.
#	install.sh GATEWITNESS DESTDIR PREFIX SYSCONFDIR COMPLETIONS
set -eu
gatewitness=$1 destdir=$2 prefix=$3 sysconfdir=$4 completions=$5

# a file that the program prints, whole or not at all
print() {
	to=$destdir$1
	shift
	mkdir -p "$(dirname "$to")"
	$gatewitness "$@" >"$to.new"
	chmod 644 "$to.new"
	mv "$to.new" "$to"
}

for page in $($gatewitness manual --list); do
	print "$prefix/share/man/man${page##*.}/$page" manual "$page"
done
print "$completions/gatewitness" completion bash
print "$prefix/share/zsh/vendor-completions/_gatewitness" completion zsh
print "$prefix/share/fish/vendor_completions.d/gatewitness.fish" completion fish

# What is configured already stays.
if [ ! -e "$destdir$sysconfdir/gatewitness/gatewitness.conf" ]; then
	print "$sysconfdir/gatewitness/gatewitness.conf" config --set ledger.folder=/var/lib/gatewitness/ledger \
		--set detect.memory=/var/lib/gatewitness/memory
fi
