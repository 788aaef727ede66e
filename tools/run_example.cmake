# SPDX-License-Identifier: MIT
#
# Runs an example and fails unless it ends with status 0 and prints exactly what the file `expected` holds, if there is
# one. Takes: program, expected.

execute_process(COMMAND ${program} OUTPUT_VARIABLE output RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${program} ended with ${status}; it printed:\n${output}")
endif()
if(EXISTS ${expected})
    file(READ ${expected} wanted)
    if(NOT output STREQUAL wanted)
        message(FATAL_ERROR "${program} printed:\n${output}\ninstead of:\n${wanted}")
    endif()
endif()
