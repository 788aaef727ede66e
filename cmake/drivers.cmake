# SPDX-License-Identifier: MIT
#
# The C libraries that floor patch is tried with, where they are installed:
#     TENDRIL_DRIVERS                         those found: libpq mariadb hiredis curl rabbitmq
#     TENDRIL_DRIVER_SERVERS_<driver>         what tests/support/servers/with_server.py starts for it
#     tendril_link_driver(target driver...)   with floor patch
#     tendril_add_driver_test(name label driver command...)   a test that runs beside the servers; none where
#                             TENDRIL_TEST_SKIP names `drivers`
#
# There are none where patching is refused: under the sanitizers.

set(TENDRIL_DRIVERS)
set(TENDRIL_DRIVER_SERVERS_libpq postgres)
set(TENDRIL_DRIVER_SERVERS_mariadb mariadb)
set(TENDRIL_DRIVER_SERVERS_hiredis redis)
set(TENDRIL_DRIVER_SERVERS_curl slow_http)
set(TENDRIL_DRIVER_SERVERS_rabbitmq rabbitmq)

function(tendril_find_driver driver library header)
    find_path(TENDRIL_${driver}_INCLUDE ${header} PATH_SUFFIXES ${ARGN})
    find_library(TENDRIL_${driver}_LIBRARY ${library})
    mark_as_advanced(TENDRIL_${driver}_INCLUDE TENDRIL_${driver}_LIBRARY)
    if(TENDRIL_${driver}_INCLUDE AND TENDRIL_${driver}_LIBRARY)
        set(TENDRIL_DRIVERS ${TENDRIL_DRIVERS} ${driver} PARENT_SCOPE)
    endif()
endfunction()

if(TENDRIL_NET AND NOT TENDRIL_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
    tendril_find_driver(libpq pq libpq-fe.h postgresql)
    tendril_find_driver(mariadb mariadb mysql.h mariadb)
    tendril_find_driver(hiredis hiredis hiredis.h hiredis)
    tendril_find_driver(curl curl curl/curl.h)
    tendril_find_driver(rabbitmq rabbitmq amqp.h)
endif()

function(tendril_link_driver target)
    target_link_libraries(${target} PRIVATE tendril::patch)
    foreach(driver IN LISTS ARGN)
        target_include_directories(${target} SYSTEM PRIVATE ${TENDRIL_${driver}_INCLUDE})
        target_link_libraries(${target} PRIVATE ${TENDRIL_${driver}_LIBRARY})
    endforeach()
endfunction()

function(tendril_add_driver_test name label driver)
    if("drivers" IN_LIST TENDRIL_TEST_SKIP)
        return()
    endif()
    add_test(NAME ${name} COMMAND python3 ${PROJECT_SOURCE_DIR}/tests/support/servers/with_server.py
        ${TENDRIL_DRIVER_SERVERS_${driver}} -- ${ARGN})
    set_tests_properties(${name} PROPERTIES TIMEOUT 60 SKIP_RETURN_CODE 77 LABELS ${label}
        RUN_SERIAL ON)  # they measure
endfunction()
