# SPDX-License-Identifier: MIT
#
# What `cmake --install` puts down: the library, the public headers, and the package that find_package(tendril) reads.

include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tendril)

install(TARGETS tendril EXPORT tendrilTargets)
if(TENDRIL_NET)
    install(TARGETS tendril_http tendril_patch tendril_amqp EXPORT tendrilTargets)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tendril DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.hpp")
install(EXPORT tendrilTargets NAMESPACE tendril:: DESTINATION ${package_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/tendrilConfig.cmake.in
    ${PROJECT_BINARY_DIR}/tendrilConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tendrilConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tendrilConfig.cmake ${PROJECT_BINARY_DIR}/tendrilConfigVersion.cmake
    DESTINATION ${package_dir})
if(TENDRIL_NET)
    install(FILES ${PROJECT_SOURCE_DIR}/cmake/Findc-ares.cmake DESTINATION ${package_dir})
endif()
if(TENDRIL_HAS_URING)
    install(FILES ${PROJECT_SOURCE_DIR}/cmake/Findliburing.cmake DESTINATION ${package_dir})
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tendril)
