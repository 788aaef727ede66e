# SPDX-License-Identifier: MIT
#
# The recipe for Conan 2: `conan create packaging/conan` builds this tree.

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load


class TendrilConan(ConanFile):
    name = "tendril"
    description = "Green threads for C++20 on Linux"
    license = "MIT"
    topics = ("green-threads", "coroutines", "networking", "http", "amqp")
    package_type = "library"
    settings = "os", "compiler", "build_type", "arch"
    options = {"shared": [True, False], "with_io_uring": [True, False]}
    default_options = {"shared": False, "with_io_uring": True}

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        header = load(self, os.path.join(self._root, "include", "tendril", "version.hpp"))
        self.version = ".".join(re.findall(r"^#define TENDRIL_VERSION_\w+ (\d+)$", header, re.M))

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "README.md", "CHANGES.md", "cmake/*", "docs/*", "examples/*", "include/*",
                        "packaging/*", "src/*", "tools/gdb/*"):
            copy(self, pattern, src=self._root, dst=self.export_sources_folder)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("tendril runs on Linux only")
        check_min_cppstd(self, 20)

    def requirements(self):
        self.requires("openssl/[>=3 <4]")
        self.requires("c-ares/[>=1.18 <2]")
        self.requires("zlib/[>=1.2.11 <2]")
        if self.options.with_io_uring:
            self.requires("liburing/[>=2.2 <3]")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.variables["TENDRIL_BUILD_TESTS"] = False
        toolchain.variables["TENDRIL_BUILD_EXAMPLES"] = False
        toolchain.variables["TENDRIL_BUILD_PROGRAMS"] = False
        toolchain.variables["TENDRIL_IO_URING"] = bool(self.options.with_io_uring)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "tendril")
        base = self.cpp_info.components["tendril"]
        base.set_property("cmake_target_name", "tendril::tendril")
        base.set_property("pkg_config_name", "tendril")
        base.libs = ["tendril"]
        base.system_libs = ["pthread"]
        base.cxxflags = ["-fstack-clash-protection"]
        base.requires = ["openssl::openssl", "c-ares::c-ares"]
        if self.options.with_io_uring:
            base.requires.append("liburing::liburing")
        for floor, requires, system_libs in (("http", ["openssl::crypto", "zlib::zlib"], []), ("patch", [], ["dl"]),
                                             ("amqp", [], [])):
            component = self.cpp_info.components[floor]
            component.set_property("cmake_target_name", f"tendril::{floor}")
            component.set_property("pkg_config_name", f"tendril-{floor}")
            component.libs = [f"tendril_{floor}"]
            component.requires = ["tendril", *requires]
            component.system_libs = system_libs
