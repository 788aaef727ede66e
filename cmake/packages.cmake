# SPDX-License-Identifier: MIT
#
# What `cpack -G DEB` makes, where there is a shared library: one Debian package for each component of the install rules.
# tools/check_packages builds and tries them; docs/packaging.md is for those who want them.

if(NOT BUILD_SHARED_LIBS OR NOT TARGET tendril_python OR NOT TARGET tendril-program)
    return()
endif()

set(TENDRIL_PACKAGE_CONTACT "tendril authors <tendril@example.org>" CACHE STRING "Who answers for the packages")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tendril)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${TENDRIL_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/packaging/debian/finish.cmake)
set(CPACK_TENDRIL_SOURCE ${PROJECT_SOURCE_DIR})

set(CPACK_COMPONENTS_ALL libraries development tools python)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(about "Green threads: a program is written as plain blocking code, with one green
thread per job or connection, and a hub in each OS thread runs hundreds of
thousands of them over one event loop.\n")

set(library_package libtendril${PROJECT_VERSION_MAJOR})
math(EXPR next_minor "${PROJECT_VERSION_MINOR} + 1")
set(same_version "${library_package} (= ${PROJECT_VERSION})")

set(CPACK_DEBIAN_LIBRARIES_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_LIBRARIES_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARIES_DESCRIPTION "green threads for C++20 - shared libraries
${about}
These are the shared libraries, with HTTP, RabbitMQ and the patching of C
libraries.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libtendril-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(depends "${same_version}, libssl-dev, libc-ares-dev, zlib1g-dev")
if(TENDRIL_HAS_URING)
    string(APPEND depends ", liburing-dev")
endif()
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${depends}")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "green threads for C++20 - headers and archives
${about}
These are the headers, the archives, the documents, and what CMake and
pkg-config read.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME tendril-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "${same_version}")
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS python3-tendril)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION "green threads - programs
${about}
`tendril run` runs a program so that its threads are green threads, `tendril
serve` serves WSGI applications, `tendril top` shows what the green threads of
a process do, and `tendril-worker` runs tasks that come by RabbitMQ.")

set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-tendril)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
execute_process(COMMAND ${TENDRIL_PYTHON} -c "import sys; v = sys.version_info.minor
print(f'python3 (>= 3.{v}~), python3 (<< 3.{v + 1})')"
    OUTPUT_VARIABLE depends OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "${depends}")
set(CPACK_DEBIAN_PYTHON_DESCRIPTION "green threads - for Python 3
${about}
This is the module for Python, with the names of eventlet and gevent.")
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/debian/python/postinst
    ${PROJECT_SOURCE_DIR}/packaging/debian/python/prerm)

# Programs are linked for a minor version.
set(shlibs)
foreach(target IN ITEMS tendril LISTS TENDRIL_FLOOR_LIBRARIES)
    if(NOT target STREQUAL "tendril")
        set(target tendril_${target})
    endif()
    string(APPEND shlibs "lib${target} ${PROJECT_VERSION_MAJOR} ${library_package} (>= ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}), ${library_package} (<< ${PROJECT_VERSION_MAJOR}.${next_minor}~)\n")
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/debian/shlibs @ONLY CONTENT "${shlibs}")
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/debian/triggers @ONLY CONTENT "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARIES_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/shlibs ${PROJECT_BINARY_DIR}/debian/triggers)

include(CPack)
cpack_add_component(libraries)
cpack_add_component(development DEPENDS libraries)
cpack_add_component(tools DEPENDS libraries)
cpack_add_component(python)
