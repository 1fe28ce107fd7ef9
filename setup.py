"""One call: CMakeLists.txt is the only description of the native build."""

from setuptools import setup

setup(cmake_source_dir=".")
