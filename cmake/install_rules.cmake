# SPDX-License-Identifier: MIT
#
# What `cmake --install` puts down, besides what programs/ and src/python/ install themselves: the libraries, the public
# headers, the documents, and what find_package(tendril) and pkg-config read. Each file belongs to a component, which is
# also a Debian package (packages.cmake): libraries, development, tools, python.

include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tendril)
set(targets tendril)
foreach(floor IN LISTS TENDRIL_FLOOR_LIBRARIES)
    list(APPEND targets tendril_${floor})
endforeach()
install(TARGETS ${targets} EXPORT tendrilTargets
    LIBRARY COMPONENT libraries NAMELINK_COMPONENT development ARCHIVE COMPONENT development)
install(EXPORT tendrilTargets NAMESPACE tendril:: DESTINATION ${package_dir} COMPONENT development)
set(TENDRIL_HAS_SHARED FALSE)
if(BUILD_SHARED_LIBS)
    set(TENDRIL_HAS_SHARED TRUE)
    list(TRANSFORM targets APPEND _static)
    install(TARGETS ${targets} EXPORT tendrilStaticTargets ARCHIVE COMPONENT development)
    install(EXPORT tendrilStaticTargets NAMESPACE tendril:: DESTINATION ${package_dir} COMPONENT development)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tendril DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
    FILES_MATCHING PATTERN "*.hpp")

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/tendrilConfig.cmake.in
    ${PROJECT_BINARY_DIR}/tendrilConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tendrilConfigVersion.cmake COMPATIBILITY SameMinorVersion)
set(package_files ${PROJECT_BINARY_DIR}/tendrilConfig.cmake ${PROJECT_BINARY_DIR}/tendrilConfigVersion.cmake)
if(TENDRIL_NET)
    list(APPEND package_files ${PROJECT_SOURCE_DIR}/cmake/Findc-ares.cmake)
endif()
if(TENDRIL_HAS_URING)
    list(APPEND package_files ${PROJECT_SOURCE_DIR}/cmake/Findliburing.cmake)
endif()
install(FILES ${package_files} DESTINATION ${package_dir} COMPONENT development)

# tendril_pkg_config(name text REQUIRES packages... PRIVATE packages... LIBS flags...): name.pc, for -l<name>, - being _.
# It finds the files by its own place, since --prefix may say where they go only when they are installed. An archive needs
# at every link what a shared library needs only for --static.
function(tendril_pkg_config name text)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "REQUIRES;PRIVATE;LIBS")
    string(REPLACE "-" "_" library ${name})
    set(pkg_config_dir ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
    file(RELATIVE_PATH up ${pkg_config_dir} ${CMAKE_INSTALL_PREFIX})
    file(RELATIVE_PATH include_dir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
    file(RELATIVE_PATH library_dir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
    set(now)
    if(TENDRIL_HAS_SHARED)
        set(now " -Wl,-z,now")  # shared_library.cmake says why
    else()
        list(APPEND arg_REQUIRES ${arg_PRIVATE})
        set(arg_PRIVATE)
    endif()
    list(JOIN arg_REQUIRES " " requires)
    list(JOIN arg_PRIVATE " " private)
    list(JOIN arg_LIBS " " libs)
    set(pkg_config_file ${PROJECT_BINARY_DIR}/${name}.pc)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/library.pc.in ${pkg_config_file} @ONLY)
    install(FILES ${pkg_config_file} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endfunction()

set(private)
set(libs)
if(TENDRIL_NET)
    list(APPEND private openssl libcares)
endif()
if(TENDRIL_HAS_URING)
    list(APPEND private liburing)
endif()
if(TENDRIL_BOOST_CONTEXT)
    list(APPEND libs -lboost_context)
endif()
tendril_pkg_config(tendril "Green threads for C++20" PRIVATE ${private} LIBS ${libs})
if(TENDRIL_NET)
    tendril_pkg_config(tendril-http "HTTP/1.1 and WebSocket for tendril" REQUIRES tendril PRIVATE libcrypto zlib)
    tendril_pkg_config(tendril-patch "Makes C libraries that block wait in green threads" REQUIRES tendril LIBS -ldl)
    tendril_pkg_config(tendril-amqp "RabbitMQ for tendril" REQUIRES tendril)
endif()

# The documents for users, with the programs that they quote.
set(documents ${CMAKE_INSTALL_DATADIR}/doc/tendril)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGES.md
    DESTINATION ${documents} COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${documents}/docs COMPONENT development
    FILES_MATCHING PATTERN "*.md" PATTERN design EXCLUDE PATTERN man EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples DESTINATION ${documents} COMPONENT development
    FILES_MATCHING PATTERN "*.cpp" PATTERN "*.hpp" PATTERN seeds EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/tools/gdb/tendril.py DESTINATION ${CMAKE_INSTALL_DATADIR}/tendril/gdb
    COMPONENT development)

include(packages)
