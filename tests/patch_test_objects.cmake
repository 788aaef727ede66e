# SPDX-License-Identifier: MIT
#
# What patch_test loads and starts: libraries and programs from tests/patch_objects, each linked in another way.

set(objects ${CMAKE_CURRENT_SOURCE_DIR}/patch_objects)
set(objects_dir ${CMAKE_CURRENT_BINARY_DIR}/patch_libraries)
target_compile_definitions(patch_test PRIVATE TENDRIL_TEST_OBJECTS="${objects_dir}")

# patch_object(name source [COMPILE options...] [LINK options...])
function(patch_object name source)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "COMPILE;LINK")
    add_library(patch_object_${name} SHARED ${objects}/${source})
    target_compile_options(patch_object_${name} PRIVATE -O2 ${arg_COMPILE})
    target_link_options(patch_object_${name} PRIVATE ${arg_LINK})
    set_target_properties(patch_object_${name} PROPERTIES OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${objects_dir}
        CXX_VISIBILITY_PRESET default)
    add_dependencies(patch_test patch_object_${name})
endfunction()

patch_object(reader_lazy reader.cpp LINK -Wl,-z,lazy -Wl,-z,relro)
patch_object(reader_now reader.cpp LINK -Wl,-z,now -Wl,-z,relro)
patch_object(reader_no_plt reader.cpp COMPILE -fno-plt LINK -Wl,-z,now)
patch_object(reader_no_relro reader.cpp LINK -Wl,-z,norelro -Wl,-z,lazy)
patch_object(reader_constructor reader.cpp COMPILE -DREADER_CONSTRUCTOR -DREADER_RAW)
patch_object(interposer interposer.cpp)
patch_object(reader_interposed reader.cpp)
target_link_libraries(patch_object_reader_interposed PRIVATE patch_object_interposer)
patch_object(reader_needed reader.cpp)
patch_object(thread_locals thread_locals.cpp)
patch_object(keeps_state keeps_state.cpp)
patch_object(needs_reader needs_reader.cpp)
target_link_libraries(patch_object_needs_reader PRIVATE patch_object_reader_needed)

set_source_files_properties(${objects}/pthread_program.c PROPERTIES LANGUAGE CXX)
patch_object(pthread_program pthread_program.c COMPILE -Dmain=pthread_program)

# patch_program(name source [COMPILE options...] [LINK options...]): its path is TENDRIL_PROGRAM_<NAME> in patch_test.
function(patch_program name source)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "COMPILE;LINK")
    add_executable(patch_program_${name} ${objects}/${source})
    tendril_compile_options(patch_program_${name})
    target_compile_options(patch_program_${name} PRIVATE ${arg_COMPILE})
    target_link_options(patch_program_${name} PRIVATE ${arg_LINK})
    target_link_libraries(patch_program_${name} PRIVATE tendril::patch)
    string(TOUPPER ${name} upper)
    target_compile_definitions(patch_test PRIVATE TENDRIL_PROGRAM_${upper}="$<TARGET_FILE:patch_program_${name}>")
    add_dependencies(patch_test patch_program_${name})
endfunction()

patch_program(position_dependent patched_program.cpp COMPILE -fno-pie
    LINK -no-pie -Wl,-z,lazy -Wl,-z,norelro)
patch_program(partial_relro patched_program.cpp COMPILE -fno-pie LINK -no-pie -Wl,-z,lazy -Wl,-z,relro)
patch_program(full_relro patched_program.cpp LINK -pie -Wl,-z,now -Wl,-z,relro)
patch_program(cxx_threads cxx_threads.cpp)

# A static program, where what tendril needs is installed as archives: patching it must be refused.
set(archives)
foreach(library IN ITEMS uring ssl crypto cares)
    find_library(TENDRIL_STATIC_${library} lib${library}.a)
    mark_as_advanced(TENDRIL_STATIC_${library})
    if(TENDRIL_STATIC_${library})
        list(APPEND archives ${TENDRIL_STATIC_${library}})
    endif()
endforeach()
list(LENGTH archives found)
if(found EQUAL 4 AND TENDRIL_HAS_URING AND NOT BUILD_SHARED_LIBS)
    include(CheckLinkerFlag)
    check_linker_flag(CXX -Wl,--no-warnings TENDRIL_LINKER_CAN_BE_SILENT)  # of getaddrinfo() in a static program
    add_executable(patch_program_static ${objects}/patched_program.cpp)
    tendril_compile_options(patch_program_static)
    target_include_directories(patch_program_static PRIVATE ${PROJECT_SOURCE_DIR}/include)
    target_link_options(patch_program_static PRIVATE -static
        $<$<BOOL:${TENDRIL_LINKER_CAN_BE_SILENT}>:-Wl,--no-warnings>)
    target_link_libraries(patch_program_static PRIVATE
        $<TARGET_FILE:tendril_patch> $<TARGET_FILE:tendril> ${archives} ${CMAKE_DL_LIBS} Threads::Threads)
    add_dependencies(patch_program_static tendril_patch tendril)
    target_compile_definitions(patch_test PRIVATE TENDRIL_PROGRAM_STATIC="$<TARGET_FILE:patch_program_static>")
    add_dependencies(patch_test patch_program_static)
endif()

# Only a caller with this RUNPATH finds the nested one by its name alone. It must not jump to dlopen(), either.
patch_object(loads_others loads_others.cpp COMPILE -fno-optimize-sibling-calls LINK -Wl,--enable-new-dtags)
set_target_properties(patch_object_loads_others PROPERTIES BUILD_RPATH "$ORIGIN/nested")
patch_object(nested reader.cpp)
set_target_properties(patch_object_nested PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${objects_dir}/nested)

patch_object(starts_children starts_children.cpp)
