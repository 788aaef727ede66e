# SPDX-License-Identifier: MIT
#
# Runs examples, one after the other, and fails unless each ends with status 0 and prints exactly what its file
# `expected` holds, if there is one. Takes: program and expected, lists of the same length; arguments, for each, with
# blanks between them; broker, the name of an environment variable with the port of a RabbitMQ, whose URL the examples
# get as their argument instead.

separate_arguments(arguments)
if(broker)
    set(arguments "amqp://127.0.0.1:$ENV{${broker}}")
endif()
foreach(one wanted_file IN ZIP_LISTS program expected)
    execute_process(COMMAND ${one} ${arguments} OUTPUT_VARIABLE output RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "${one} ended with ${status}; it printed:\n${output}")
    endif()
    if(EXISTS ${wanted_file})
        file(READ ${wanted_file} wanted)
        if(NOT output STREQUAL wanted)
            message(FATAL_ERROR "${one} printed:\n${output}\ninstead of:\n${wanted}")
        endif()
    endif()
endforeach()
