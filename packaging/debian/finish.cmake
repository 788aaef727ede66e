# SPDX-License-Identifier: MIT
#
# Called by cpack when the files of all packages lie in their folders: what Debian wants there besides (its policy, 12.5
# and 12.7), and what does not go into a package: debug information of the archives.

cmake_minimum_required(VERSION 3.25)

set(packages libraries ${CPACK_DEBIAN_LIBRARIES_PACKAGE_NAME} development libtendril-dev tools tendril-tools
    python python3-tendril)
file(READ ${CPACK_TENDRIL_SOURCE}/LICENSE license)
string(REGEX MATCH "Copyright \\(c\\) [^\n]*" holder "${license}")
string(REGEX REPLACE ".*Copyright \\(c\\) [^\n]*\n+" "" license "${license}")
string(REGEX REPLACE "\n+$" "" license "${license}")
string(REGEX REPLACE "\n\n" "\n.\n" license "${license}")
string(REGEX REPLACE "\n" "\n " license "${license}")
string(REPLACE "Copyright (c) " "" holder "${holder}")
# SOURCE_DATE_EPOCH, where it is set, is the time.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)

while(packages)
    list(POP_FRONT packages component package)
    set(root ${CPACK_TEMPORARY_DIRECTORY}/${component})
    set(documents ${root}/usr/share/doc/${package})
    file(WRITE ${documents}/copyright "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: tendril

Files: *
Copyright: ${holder}
License: Expat

License: Expat
 ${license}
")
    file(WRITE ${documents}/changelog "tendril (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * CHANGES.md in libtendril-dev says what came when.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
    file(GLOB pages ${root}/usr/share/man/man*/*)
    foreach(file IN LISTS pages ITEMS ${documents}/changelog)
        execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
    endforeach()
    file(GLOB archives ${root}/usr/lib/*/*.a)
    if(archives)
        execute_process(COMMAND strip --strip-debug --enable-deterministic-archives ${archives} COMMAND_ERROR_IS_FATAL ANY)
    endif()
    # The licence is in the package's copyright file.
    file(REMOVE ${root}/usr/share/doc/tendril/LICENSE)
endwhile()

# What pip would write: the version, and the worker for gunicorn.
execute_process(COMMAND python3 -B -c "import sys, tendril_wheel; tendril_wheel.prepare_metadata_for_build_wheel(sys.argv[1])"
    ${CPACK_TEMPORARY_DIRECTORY}/python/usr/lib/python3/dist-packages
    WORKING_DIRECTORY ${CPACK_TENDRIL_SOURCE}/tools/wheel COMMAND_ERROR_IS_FATAL ANY)
