#!/bin/sh
# usage: installed.sh BUILD SOURCE CXX: installs the build, and builds a tool outside the tree against it.
set -eu
build=$1 source=$2 cxx=$3
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cmake --install "$build" --prefix "$place/usr" >"$place/log"
mkdir "$place/tool"
cp "$source/tests/tools/counts.cc" "$source/tests/tools/names.cc" "$place/tool/"
cat >"$place/tool/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.25)
project(counts LANGUAGES CXX)
find_package(weft REQUIRED)
add_library(counts MODULE counts.cc)
set_target_properties(counts PROPERTIES PREFIX "")
target_link_libraries(counts PRIVATE weft::tool)
add_library(names MODULE names.cc)
set_target_properties(names PROPERTIES PREFIX "")
target_link_libraries(names PRIVATE weft::tool weft::symbols)
EOF
cmake -S "$place/tool" -B "$place/tool/build" -DCMAKE_PREFIX_PATH="$place/usr" -DCMAKE_CXX_COMPILER="$cxx" >>"$place/log"
cmake --build "$place/tool/build" >>"$place/log"
"$place/usr/bin/weft" run --tool "$place/tool/build/names.so" -- "$build/tests/tools/counted_loop" 2>&1 | grep -q "^names: _start"
"$place/usr/bin/weft" run --tool "$place/tool/build/counts.so" -- "$build/tests/tools/counted_loop"
