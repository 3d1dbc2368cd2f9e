# needs: git tar
# git in a fresh repository, tar and cpio-like pipes.
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' HOME=$PWD
git init -q -b main r; cd r; seq 1 100 > f; git add f; git commit -qm one; sed -i 's/^5$/five/' f; git diff; git commit -qam two; git log --format='%H %s'; git blame -s f | sed -n 5p; git gc -q; git fsck; cd ..
tar --sort=name --mtime=@0 --owner=0 --group=0 -cf t.tar r/f; sha256sum t.tar; tar tf t.tar; mkdir out; tar xf t.tar -C out; cmp r/f out/r/f; echo $?
