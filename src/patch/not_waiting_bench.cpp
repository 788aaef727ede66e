// SPDX-License-Identifier: MIT
//
// What a patched call costs above the plain one where it need not wait: a byte through a socket pair, a pipe or a file.
// In rounds of both by turns; prints the least of each in ns.

#include <dlfcn.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <tendril/greenlet.hpp>
#include <tendril/patch/patch.hpp>

namespace {

// The C library's own, looked up before anything is patched.
template <class F>
F* plain(const char* name) {
    return reinterpret_cast<F*>(::dlsym(::dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), name));
}

constexpr int calls = 1000;
constexpr int rounds = 500;

template <class F>
double ns_of(F call) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) {
        if (call() != 1) {
            std::perror("not_waiting_bench");
            std::exit(1);
        }
    }
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / calls;
}

// The least of many short rounds: what else the machine does only adds to a round.
template <class Plain, class Patched>
void compare(const char* name, Plain plain_call, Patched patched_call) {
    double plain_ns = 1e9;
    double patched_ns = 1e9;
    for (int round = 0; round < rounds; ++round) {
        plain_ns = std::min(plain_ns, ns_of(plain_call));
        patched_ns = std::min(patched_ns, ns_of(patched_call));
    }
    std::printf("%-24s plain %7.1f   patched %7.1f   above %7.1f ns\n", name, plain_ns, patched_ns,
                patched_ns - plain_ns);
}

void run() {
    const auto plain_read = plain<decltype(::read)>("read");
    const auto plain_write = plain<decltype(::write)>("write");
    const auto plain_recv = plain<decltype(::recv)>("recv");
    const auto plain_send = plain<decltype(::send)>("send");
    const auto plain_poll = plain<decltype(::poll)>("poll");
    tendril::patch::program();

    std::array<int, 2> sockets;
    std::array<int, 2> pipes;
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) != 0 || ::pipe(pipes.data()) != 0) {
        std::perror("socketpair");
        std::exit(1);
    }
    const int in = sockets[0];
    const int out = sockets[1];
    const int pipe_in = pipes[0];
    const int pipe_out = pipes[1];
    char byte = 'x';
    // A write and a read each, so that neither has to wait: the figures are those of two calls.
    compare(
        "socket: write, read", [&] { return plain_write(out, &byte, 1) == 1 && plain_read(in, &byte, 1) == 1 ? 1 : 0; },
        [&] { return ::write(out, &byte, 1) == 1 && ::read(in, &byte, 1) == 1 ? 1 : 0; });
    compare(
        "socket: send, recv",
        [&] { return plain_send(out, &byte, 1, 0) == 1 && plain_recv(in, &byte, 1, 0) == 1 ? 1 : 0; },
        [&] { return ::send(out, &byte, 1, 0) == 1 && ::recv(in, &byte, 1, 0) == 1 ? 1 : 0; });
    compare(
        "pipe: write, read",
        [&] { return plain_write(pipe_out, &byte, 1) == 1 && plain_read(pipe_in, &byte, 1) == 1 ? 1 : 0; },
        [&] { return ::write(pipe_out, &byte, 1) == 1 && ::read(pipe_in, &byte, 1) == 1 ? 1 : 0; });
    pollfd ready{.fd = out, .events = POLLOUT, .revents = 0};
    compare(
        "poll, ready", [&] { return plain_poll(&ready, 1, -1); }, [&] { return ::poll(&ready, 1, -1); });
    pollfd idle{.fd = in, .events = POLLIN, .revents = 0};
    compare(
        "poll, timeout 0", [&] { return plain_poll(&idle, 1, 0) + 1; }, [&] { return ::poll(&idle, 1, 0) + 1; });
    const int file = ::fileno(std::tmpfile());
    compare(
        "file: lseek, write",
        [&] { return ::lseek(file, 0, SEEK_SET) == 0 && plain_write(file, &byte, 1) == 1 ? 1 : 0; },
        [&] { return ::lseek(file, 0, SEEK_SET) == 0 && ::write(file, &byte, 1) == 1 ? 1 : 0; });
}

}  // namespace

int main() {
    tendril::spawn(run).join();
}
