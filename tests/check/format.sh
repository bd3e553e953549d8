#!/bin/sh
# Every C file is as clang-format leaves it (tables in .def files are laid out by hand).
set -eu
cd "$(dirname "$0")/../.."
find src tests -name '*.[ch]' | sort | xargs clang-format --dry-run -Werror &&
    echo "format: as .clang-format says"
