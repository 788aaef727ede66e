# SPDX-License-Identifier: MIT
#
# The benchmarks of the floors from net up, and of their peers.

find_package(OpenSSL 3.0 REQUIRED)

# bench/backends: a byte between two green threads, on each backend.
tendril_add_compared(bench_backends backends.cpp)
target_link_libraries(bench_backends PRIVATE tendril::tendril)

# bench/echo: the echo servers and their load.
tendril_add_compared(bench_echo_tendril echo/tendril.cpp)
target_link_libraries(bench_echo_tendril PRIVATE tendril::tendril)
tendril_add_compared(bench_echo_hubs echo/hubs.cpp)
target_link_libraries(bench_echo_hubs PRIVATE tendril::tendril Threads::Threads)
tendril_add_compared(bench_echo_load echo/load.cpp)
tendril_add_compared(bench_echo_epoll echo/peers/epoll.cpp)
foreach(program IN ITEMS load epoll)
    target_link_libraries(bench_echo_${program} PRIVATE OpenSSL::SSL)
endforeach()
tendril_add_compared_go(bench_echo_go echo/peers/echo.go)
tendril_add_compared_uv(bench_echo_libuv echo/peers/libuv.cpp)
if(TARGET bench_echo_libuv)
    target_link_libraries(bench_echo_libuv PRIVATE OpenSSL::SSL)
endif()

find_path(TENDRIL_ASIO asio.hpp)
mark_as_advanced(TENDRIL_ASIO)
if(TENDRIL_ASIO)
    tendril_add_compared(bench_echo_asio echo/peers/asio.cpp)
    target_link_libraries(bench_echo_asio PRIVATE Threads::Threads)
    tendril_add_compared(bench_echo_asio_green echo/asio_green.cpp)
    target_link_libraries(bench_echo_asio_green PRIVATE tendril::tendril Threads::Threads)
endif()

# bench/http: the servers, and the load of slow clients.
tendril_add_compared(bench_http_tendril http/tendril.cpp)
target_link_libraries(bench_http_tendril PRIVATE tendril::http)
tendril_add_compared(bench_http_epoll http/peers/epoll.cpp)
tendril_add_compared(bench_http_slow http/slow.cpp)
tendril_add_compared_go(bench_http_go http/peers/hello.go)

# A peer that Debian has no package of: its sources, with uSockets in them.
set(TENDRIL_UWEBSOCKETS "" CACHE PATH "A checkout of uWebSockets, to compare with")
if(TENDRIL_UWEBSOCKETS)
    enable_language(C)
    file(GLOB sources ${TENDRIL_UWEBSOCKETS}/uSockets/src/*.c ${TENDRIL_UWEBSOCKETS}/uSockets/src/eventing/*.c)
    add_library(bench_usockets STATIC ${sources})
    target_include_directories(bench_usockets SYSTEM PUBLIC ${TENDRIL_UWEBSOCKETS}/uSockets/src)
    target_compile_definitions(bench_usockets PUBLIC LIBUS_NO_SSL UWS_NO_ZLIB)
    target_compile_options(bench_usockets PRIVATE -O3 -w)  # as its own Makefile has it
    add_executable(bench_http_uwebsockets http/peers/uwebsockets.cpp)
    target_compile_options(bench_http_uwebsockets PRIVATE -O3 -w)
    target_compile_features(bench_http_uwebsockets PRIVATE cxx_std_20)
    target_include_directories(bench_http_uwebsockets SYSTEM PRIVATE ${TENDRIL_UWEBSOCKETS}/src)
    target_link_libraries(bench_http_uwebsockets PRIVATE bench_usockets)
    set_target_properties(bench_http_uwebsockets PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    add_dependencies(tendril_bench bench_http_uwebsockets)
endif()

# bench/websocket: servers, for the load of bench/echo.
tendril_add_compared(bench_websocket_tendril websocket/tendril.cpp)
target_link_libraries(bench_websocket_tendril PRIVATE tendril::http)
tendril_add_compared(bench_websocket_epoll websocket/peers/epoll.cpp)
if(EXISTS /usr/share/gocode/src/golang.org/x/net/websocket)  # where Debian's package has it
    tendril_add_compared_go(bench_websocket_go websocket/peers/echo.go)
endif()

# Programs started, and names looked up.
tendril_add_compared(bench_process process.cpp)
target_link_libraries(bench_process PRIVATE tendril::tendril)
tendril_add_compared(bench_posix_spawn peers/posix_spawn.cpp)
tendril_add_compared(bench_dns_responder dns/responder.cpp)
tendril_add_compared(bench_dns_tendril dns/tendril.cpp)
target_link_libraries(bench_dns_tendril PRIVATE tendril::tendril)
tendril_add_compared_go(bench_dns_go dns/peers/dns.go)

# bench/amqp: clients of RabbitMQ.
include(drivers)
foreach(program IN ITEMS tendril facts)
    tendril_add_bench_program(bench_amqp_${program} amqp/${program}.cpp)
    target_link_libraries(bench_amqp_${program} PRIVATE tendril::amqp)
endforeach()
tendril_add_bench_program(bench_amqp_raw amqp/peers/raw.cpp)
if("rabbitmq" IN_LIST TENDRIL_DRIVERS)
    tendril_add_bench_program(bench_amqp_librabbitmq amqp/peers/librabbitmq.cpp)
    tendril_link_driver(bench_amqp_librabbitmq rabbitmq)
endif()
if(EXISTS /usr/share/gocode/src/github.com/rabbitmq/amqp091-go)  # where Debian's package has it
    tendril_add_go_program(bench_amqp_go amqp/peers/amqp.go)
endif()

# bench/handshakes: whole TLS connections.
tendril_add_bench_program(bench_handshakes_tendril handshakes/tendril.cpp)
target_link_libraries(bench_handshakes_tendril PRIVATE tendril::tendril)
tendril_add_bench_program(bench_handshakes_blocking handshakes/blocking.cpp)
target_link_libraries(bench_handshakes_blocking PRIVATE OpenSSL::SSL Threads::Threads)

# bench/patch: drivers in green threads, on OS threads, and asynchronously.
foreach(pair IN ITEMS redis:hiredis libpq:libpq)
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 program)
    list(GET pair 1 driver)
    if(driver IN_LIST TENDRIL_DRIVERS)
        tendril_add_bench_program(bench_patch_${program} patch/${program}.cpp)
        tendril_link_driver(bench_patch_${program} ${driver})
        target_link_libraries(bench_patch_${program} PRIVATE Threads::Threads)
    endif()
endforeach()

file(GLOB_RECURSE micro_benches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*_bench.cpp)
foreach(source IN LISTS micro_benches)
    cmake_path(GET source STEM name)
    tendril_add_bench_program(${name} ${source})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${name} PRIVATE tendril::http)
    if(source MATCHES "/src/patch/")
        target_link_libraries(${name} PRIVATE tendril::patch)
    endif()
endforeach()
