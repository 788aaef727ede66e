// SPDX-License-Identifier: MIT
//
// patch::program() does to C code what monkey.patch_all() does to Python's library: its calls wait for this green
// thread only. That goes for sleep, sockets and pthreads that know nothing of tendril.

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <tendril/group.hpp>
#include <tendril/patch/patch.hpp>

using namespace std::chrono_literals;

namespace {

std::vector<int> names;

void* thread_main(void* argument) {
    const int n = *static_cast<int*>(argument);
    ::usleep(static_cast<useconds_t>(50'000 * (3 - n)));
    names.push_back(n);
    return nullptr;
}

}  // namespace

int main() {
    tendril::patch::program();

    const auto started = std::chrono::steady_clock::now();
    {
        tendril::Group sleepers;
        for (int i = 0; i < 50; ++i) {
            sleepers.spawn([] { ::usleep(200'000); });
        }
    }
    std::printf("50 sleeps at once: %s\n", std::chrono::steady_clock::now() - started < 5s ? "True" : "False");

    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        return 1;
    }
    const auto heard = tendril::spawn([&] {
        std::string data(100, '\0');
        data.resize(static_cast<std::size_t>(::recv(ends[1], data.data(), data.size(), 0)));
        return data;
    });
    tendril::sleep();
    if (::send(ends[0], "over a socket", 13, 0) != 13) {
        return 1;
    }
    std::puts(heard.get().c_str());

    int numbers[] = {0, 1, 2};
    pthread_t threads[3];
    for (int& n : numbers) {
        if (::pthread_create(&threads[n], nullptr, thread_main, &n) != 0) {
            return 1;
        }
    }
    for (const pthread_t thread : threads) {
        ::pthread_join(thread, nullptr);
    }
    std::printf("threads ended: [%d, %d, %d]\n", names.at(0), names.at(1), names.at(2));
    ::close(ends[0]);
    ::close(ends[1]);
}
