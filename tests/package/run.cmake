# SPDX-License-Identifier: MIT
#
# Installs the build into a fresh prefix, then configures, builds and runs the consumer with nothing but that prefix: by
# find_package(), and by pkg-config where that is; with the archives also as a program that needs no other file.
# Takes: source, build, config, compiler, generator, libdir.

set(work ${build}/tests/package)
file(REMOVE_RECURSE ${work}/prefix ${work}/consumer)

function(run)
    execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(expect_output program)
    execute_process(COMMAND ${program} OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
    if(NOT output STREQUAL "quick\nslow\nsum 42\n")
        message(FATAL_ERROR "${program} printed:\n${output}")
    endif()
endfunction()

run(${CMAKE_COMMAND} --install ${build} --config ${config} --prefix ${work}/prefix)
run(${CMAKE_COMMAND} -S ${source} -B ${work}/consumer -G ${generator} -D CMAKE_BUILD_TYPE=${config}
    -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_PREFIX_PATH=${work}/prefix)
run(${CMAKE_COMMAND} --build ${work}/consumer)
expect_output(${work}/consumer/consumer)

find_program(pkg_config pkg-config)
if(NOT pkg_config)
    return()
endif()
set(ENV{PKG_CONFIG_PATH} ${work}/prefix/${libdir}/pkgconfig)
function(ask_pkg_config variable)
    execute_process(COMMAND ${pkg_config} ${ARGN} OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE
        COMMAND_ERROR_IS_FATAL ANY)
    separate_arguments(output UNIX_COMMAND "${output}")
    set(${variable} "${output}" PARENT_SCOPE)
endfunction()
ask_pkg_config(version --modversion tendril)
ask_pkg_config(cflags --cflags tendril)
run(${compiler} -std=c++20 "-DPACKAGE_VERSION=\"${version}\"" ${cflags} -c ${source}/main.cpp -o ${work}/main.o)
ask_pkg_config(libs --libs tendril)
run(${compiler} ${work}/main.o -o ${work}/by_pkg_config -Wl,-rpath,${work}/prefix/${libdir} ${libs})
expect_output(${work}/by_pkg_config)
ask_pkg_config(libs --static --libs tendril)
run(${compiler} -static ${work}/main.o -o ${work}/static ${libs})
expect_output(${work}/static)
