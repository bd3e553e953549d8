#!/bin/sh
# Static analysis: cppcheck over the program.
set -eu
cd "$(dirname "$0")/../.."
cppcheck --quiet --std=c11 -Isrc -DGATEWITNESS_VERSION='"0"' --enable=warning,portability --inline-suppr \
    --error-exitcode=1 --suppress=missingIncludeSystem src && echo "static: cppcheck finds nothing"
