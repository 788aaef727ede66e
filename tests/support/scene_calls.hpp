// SPDX-License-Identifier: MIT
//
// SceneCalls: the functions of the C library that scenes call, by pointers: the library's own ones, or their hooks.

#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>

extern "C" {
ssize_t __read_chk(int fd, void* to, std::size_t n, std::size_t room);
ssize_t __recv_chk(int fd, void* to, std::size_t n, std::size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void* to, std::size_t n, std::size_t room, int flags, sockaddr* from, socklen_t* length);
int __poll_chk(pollfd* fds, nfds_t n, int timeout, std::size_t room);
int __ppoll_chk(pollfd* fds, nfds_t n, const timespec* timeout, const sigset_t* mask, std::size_t room);
char* __fgets_chk(char* to, std::size_t room, int n, FILE* from);
std::size_t __fread_chk(void* to, std::size_t room, std::size_t size, std::size_t n, FILE* from);
}

// clang-format off
#define TENDRIL_SCENE_CALLS(X)                                                                              \
    X(read) X(write) X(readv) X(writev) X(recv) X(recvfrom) X(recvmsg) X(recvmmsg) X(send) X(sendto)        \
    X(sendmsg) X(sendmmsg) X(sendfile) X(splice) X(connect) X(accept) X(accept4) X(poll) X(ppoll) X(select) \
    X(pselect) X(epoll_wait) X(epoll_pwait) X(epoll_pwait2) X(close) X(fcntl) X(ioctl) X(setsockopt) X(dup) \
    X(dup2) X(dup3) X(fgets) X(fread) X(getc) X(fgetc) X(getline) X(nanosleep) X(clock_nanosleep) X(usleep) \
    X(sleep) X(sigaction) X(__read_chk) X(__recv_chk) X(__recvfrom_chk) X(__poll_chk) X(__ppoll_chk)        \
    X(__fgets_chk) X(__fread_chk)
// clang-format on

namespace tendril::patch::testing {

struct SceneCalls {
#define TENDRIL_SCENE_CALL(name) decltype(&::name) name = &::name;
    TENDRIL_SCENE_CALLS(TENDRIL_SCENE_CALL)
#undef TENDRIL_SCENE_CALL

    static const SceneCalls& plain();
    static const SceneCalls& hooked();  // the library's own, where there is no hook
};

}  // namespace tendril::patch::testing
