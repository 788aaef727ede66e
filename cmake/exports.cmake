# SPDX-License-Identifier: MIT
#
# Writes the version script by which a shared library exports what src/exports.txt lists, and what the libraries above
# it, made of the given archives, need besides. Called by the build:
#
#   cmake -D list=<exports.txt> -D node=<version> -D nm=<nm> -D archives=<a;b> -D output=<x.map> -P exports.cmake

# A name as an unquoted pattern of extern "C++": any character stands for those that a pattern cannot have.
function(as_pattern variable name)
    string(REGEX REPLACE "[^A-Za-z0-9_:]" "?" name "${name}")
    set(${variable} "${name}" PARENT_SCOPE)
endfunction()

set(end_of_name "[!_a-zA-Z0-9]*")  # ( of the parameters, < of the arguments, [ of an ABI tag
file(STRINGS ${list} lines REGEX "^[a-z]")
set(cpp)
set(c)
foreach(line IN LISTS lines)
    string(REGEX MATCH "^([a-z]+) (.*)$" found "${line}")
    set(kind ${CMAKE_MATCH_1})
    set(name "${CMAKE_MATCH_2}")
    as_pattern(pattern "${name}")
    if(kind STREQUAL "class")
        string(APPEND cpp "    ${pattern}::*;\n    *?for?${pattern}::*;\n    *?thunk?to?${pattern}::*;\n")
        foreach(what IN ITEMS vtable VTT typeinfo "typeinfo name")
            string(APPEND cpp "    \"${what} for ${name}\";\n")
        endforeach()
    elseif(kind STREQUAL "template")
        string(APPEND cpp "    ${pattern}${end_of_name};\n    *?for?${pattern}${end_of_name};\n")
    elseif(name MATCHES "::operator$")
        string(APPEND cpp "    ${pattern}*;\n")
    elseif(NOT name MATCHES "::")
        string(APPEND c "    ${name};\n")
    elseif(kind STREQUAL "function")
        string(APPEND cpp "    ${pattern}${end_of_name};\n")
    else()
        string(APPEND cpp "    \"${name}\";\n")
    endif()
endforeach()

set(inside)
foreach(archive IN LISTS archives)
    execute_process(COMMAND ${nm} -u ${archive} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCHALL "_Z[A-Za-z0-9_]*7tendril[A-Za-z0-9_]*" symbols "${text}")
    list(APPEND inside ${symbols})
endforeach()
list(REMOVE_DUPLICATES inside)
list(SORT inside)
foreach(symbol IN LISTS inside)
    string(APPEND c "    ${symbol};\n")
endforeach()

file(WRITE ${output} "${node} {\n  global:\n${c}    extern \"C++\" {\n${cpp}    };\n  local: *;\n};\n")
