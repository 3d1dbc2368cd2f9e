#!/usr/bin/python3
"""Builds clients by their own build files against the CMake package.

usage: package_test.py FOLDER_OF_CLIENTS FOLDER_OF_PACKAGE BUILD FURTHER_CLIENTS

The further clients are built against the package of an installed weft, and run by it.
"""
import pathlib
import re
import subprocess
import sys
import tempfile


def run(*command, ok=True):
    result = subprocess.run(command, capture_output=True, text=True)
    if (result.returncode == 0) != ok:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def main():
    clients, package, build, further = map(pathlib.Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        run("cmake", "-S", clients, "-B", folder, f"-DDynamoRIO_DIR={package}")
        run("cmake", "--build", folder)
        for name in ("in_c", "in_cxx"):
            needed = run("readelf", "-d", f"{folder}/lib{name}.so")
            assert "[libdynamorio.so]" in needed, needed
    with tempfile.TemporaryDirectory() as folder:
        run("cmake", "--install", build, "--prefix", f"{folder}/usr")
        run("cmake", "-S", further, "-B", f"{folder}/build", f"-DDynamoRIO_DIR={folder}/usr/lib/cmake/DynamoRIO")
        run("cmake", "--build", f"{folder}/build")
        for name, unit in (("bbcount", "blocks"), ("inscount", "instructions"), ("memtrace", "accesses"), ("cbr", "branches")):
            said = run(f"{folder}/usr/bin/weft", "run", "--client", f"{folder}/build/lib{name}.so", "--", "/bin/true")
            assert re.fullmatch(rf"[1-9]\d+ {unit}\n", said), said
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "CMakeLists.txt")
        source.write_text("cmake_minimum_required(VERSION 3.7)\nproject(bad C)\nfind_package(DynamoRIO REQUIRED)\n"
                          "use_DynamoRIO_extension(bad drnothing)\n")
        said = run("cmake", "-S", folder, "-B", f"{folder}/build", f"-DDynamoRIO_DIR={package}", ok=False)
        assert "weft has no extension drnothing" in " ".join(said.split()), said


if __name__ == "__main__":
    main()
