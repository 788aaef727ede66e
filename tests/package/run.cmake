# SPDX-License-Identifier: MIT
#
# Installs the build into a fresh prefix, then configures, builds and runs the consumer with nothing but that prefix.
# Takes: source, build, config, compiler, generator.

set(work ${build}/tests/package)
file(REMOVE_RECURSE ${work}/prefix ${work}/consumer)

function(run)
    execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${build} --config ${config} --prefix ${work}/prefix)
run(${CMAKE_COMMAND} -S ${source} -B ${work}/consumer -G ${generator} -D CMAKE_BUILD_TYPE=${config}
    -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_PREFIX_PATH=${work}/prefix)
run(${CMAKE_COMMAND} --build ${work}/consumer)

execute_process(COMMAND ${work}/consumer/consumer OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
if(NOT output STREQUAL "quick\nslow\nsum 42\n")
    message(FATAL_ERROR "the consumer printed:\n${output}")
endif()
