#!/bin/sh
# usage: packages.sh BUILD SOURCE CXX: makes the packages, unpacks them as an installation has them, and uses each.
set -eu
build=$1 source=$2 cxx=$3
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
command -v dpkg-shlibdeps >/dev/null || { echo "no dpkg-dev: skipped"; exit 77; }
cmake -DBUILD="$build" -DPLACE="$place/made" -P "$source/cmake/make-packages.cmake" >"$place/log" 2>&1 || { cat "$place/log"; exit 1; }
version=$("$build/bin/weft" version)
version=${version#weft }

mkdir "$place/root"
for package in weft weft-tools weft-dev; do
  file=$place/made/${package}_${version}_amd64.deb
  dpkg-deb -x "$file" "$place/root"
  test -s "$place/root/usr/share/doc/$package/copyright"
  # What is installed is stripped, and root's.
  dpkg-deb -c "$file" | awk '$2 != "root/root" { print; exit 1 }'
done
dpkg-deb -f "$place/made/weft_${version}_amd64.deb" Depends | grep -q libc6
dpkg-deb -f "$place/made/weft-tools_${version}_amd64.deb" Depends | grep -q "weft (= $version)"
zcat "$place/root/usr/share/man/man1/weft.1.gz" | grep -q -e '\\-\\-persist'
bash -c ". $place/root/usr/share/bash-completion/completions/weft; COMP_WORDS=(weft run --per) COMP_CWORD=2; _weft; echo \${COMPREPLY[*]}" |
  grep -q -e '--persist --perf-map'

weft=$place/root/usr/bin/weft
export XDG_CACHE_HOME="$place/cache"
"$weft" run --tool inscount -- "$build/tests/tools/counted_loop" 2>&1 | grep -q "instructions"
mkdir "$place/tool"
cp "$source/tests/tools/counts.cc" "$place/tool/"
"$cxx" -std=c++20 -shared -fPIC -I"$place/root/usr/include" -o "$place/tool/counts.so" "$place/tool/counts.cc"
"$weft" run --tool "$place/tool/counts.so" -- "$build/tests/tools/counted_loop" 2>&1 | grep -q "thread=3007"

tar -C "$place" -xzf "$place/made/weft-$version-Linux.tar.gz"
"$place/weft-$version-Linux/bin/weft" run --tool inscount -- "$build/tests/tools/counted_loop" 2>&1 | grep -q "instructions"
echo "three packages and an archive"
