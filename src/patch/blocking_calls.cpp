// SPDX-License-Identifier: MIT

#include "patch/blocking_calls.hpp"

#include <algorithm>
#include <array>

namespace tendril::patch::detail {

namespace {

constexpr std::array<std::string_view, 100> names{
    "syscall",
    // kernel queues and semaphores
    "io_getevents",
    "io_pgetevents",
    "msgrcv",
    "msgsnd",
    "semop",
    "semtimedop",
    "mq_receive",
    "mq_send",
    "mq_timedreceive",
    "mq_timedsend",
    "aio_suspend",
    "aio_suspend64",
    "lio_listio",
    "lio_listio64",
    // descriptors
    "preadv",
    "preadv2",
    "pwritev2",
    "tee",
    "vmsplice",
    "copy_file_range",
    "sendfile",
    "sendfile64",
    "splice",
    "tcdrain",
    "tcflush",
    "sync_file_range",
    "syncfs",
    "sync",
    "msync",
    "fsync",
    "fdatasync",
    "flock",
    "lockf",
    "lockf64",
    "recvmmsg",
    "sendmmsg",
    "epoll_pwait2",
    // stdio that reads
    "fgets",
    "fread",
    "getc",
    "fgetc",
    "getline",
    "getdelim",
    "__getdelim",
    "getchar",
    "fscanf",
    "scanf",
    "__isoc99_fscanf",
    "__isoc99_scanf",
    "__uflow",
    "__underflow",
    "fgetwc",
    "getwc",
    "fgetws",
    // signals and processes
    "sigwait",
    "sigwaitinfo",
    "sigtimedwait",
    "sigsuspend",
    "sigpause",
    "pause",
    "waitpid",
    "wait",
    "wait3",
    "wait4",
    "waitid",
    "system",
    "pclose",
    "ptrace",
    // names
    "res_query",
    "__res_query",
    "res_search",
    "__res_search",
    "res_nquery",
    "__res_nquery",
    "res_nsearch",
    "__res_nsearch",
    "res_send",
    "__res_send",
    "res_nsend",
    "__res_nsend",
    "gai_suspend",
    "gethostbyname",
    "gethostbyname2",
    "gethostbyaddr",
    "getaddrinfo",
    "getnameinfo",
    // threads
    "pthread_join",
    "thrd_join",
    "thrd_sleep",
    "mtx_lock",
    "mtx_timedlock",
    "cnd_wait",
    "cnd_timedwait",
    "sem_clockwait",
    "pthread_cond_clockwait",
    "pthread_mutex_clocklock",
    "pthread_rwlock_clockrdlock",
    "pthread_rwlock_clockwrlock",
    "pthread_cancel",
};

}  // namespace

bool may_block(std::string_view symbol) noexcept {
    return std::find(names.begin(), names.end(), symbol) != names.end();
}

}  // namespace tendril::patch::detail
