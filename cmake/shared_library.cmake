# SPDX-License-Identifier: MIT
#
# tendril_shared_library(name [ON library] [ABOVE archives...]): the shared library of the archive <name>_static.
#
# Its names have the version TENDRIL_<major>.<minor>: a minor version may change all of them, which the soname does not
# say while the major one is 0; so the loader refuses a program that was linked for another one. ON: the shared library
# that it is based on; ABOVE: the archives of those that are based on this one, whose needs it exports.

function(tendril_shared_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "ON" "ABOVE")
    set(archive ${name}_static)
    add_library(${name} SHARED $<TARGET_OBJECTS:${archive}>)
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
    # The archive has the name of the shared library, for -static.
    set_target_properties(${archive} PROPERTIES OUTPUT_NAME ${name})

    # What it links, but for the archive below it; and what its users get.
    get_target_property(links ${archive} LINK_LIBRARIES)
    list(FILTER links EXCLUDE REGEX "^tendril_static$")
    target_link_libraries(${name} PRIVATE ${links})
    if(arg_ON)
        target_link_libraries(${name} PUBLIC ${arg_ON})
    else()
        target_link_libraries(${name} PUBLIC Threads::Threads)
        target_include_directories(${name}
            INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
        target_compile_features(${name} INTERFACE cxx_std_20)
        get_target_property(options ${archive} INTERFACE_COMPILE_OPTIONS)
        target_compile_options(${name} INTERFACE ${options})
        # Waits jump to the library below the red zone of their frame (detail/hub/suspend.hpp). In a program that is not
        # position independent the jump goes by the PLT, which must not call the loader there.
        target_link_options(${name} INTERFACE LINKER:-z,now)
    endif()

    set(map ${CMAKE_CURRENT_BINARY_DIR}/${name}.map)
    set(list ${CMAKE_CURRENT_SOURCE_DIR}/exports.txt)
    set(archives)
    foreach(above IN LISTS arg_ABOVE)
        list(APPEND archives $<TARGET_FILE:${above}>)
    endforeach()
    add_custom_command(OUTPUT ${map}
        COMMAND ${CMAKE_COMMAND} -D list=${list} -D node=TENDRIL_${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
            -D nm=${CMAKE_NM} "-D archives=${archives}" -D output=${map} -P ${PROJECT_SOURCE_DIR}/cmake/exports.cmake
        DEPENDS ${list} ${PROJECT_SOURCE_DIR}/cmake/exports.cmake ${arg_ABOVE} VERBATIM)
    target_sources(${name} PRIVATE ${map})
    set_source_files_properties(${map} PROPERTIES GENERATED ON HEADER_FILE_ONLY ON)
    set_target_properties(${name} PROPERTIES LINK_DEPENDS ${map})
    target_link_options(${name} PRIVATE LINKER:--version-script=${map} LINKER:-Bsymbolic-functions LINKER:-z,defs
        LINKER:-z,now LINKER:-z,relro LINKER:--as-needed)
endfunction()
