// SPDX-License-Identifier: MIT
//
// Files are read and written in other OS threads: a slow disk does not hold up other green threads.

#include <unistd.h>

#include <cstdio>
#include <string>

#include <tendril/file.hpp>

using namespace tendril;

int main() {
    const std::string path = "/tmp/tendril-copy-" + std::to_string(::getpid());
    File::open(path, FileMode::write).send_all("the content of a file\n");

    File from = File::open(path);
    File to = File::open(path + ".copy", FileMode::write);
    char buffer[4096];
    while (const std::size_t n = from.recv(buffer)) {
        to.send_all({buffer, n});
    }
    std::printf("%llu bytes copied\n", static_cast<unsigned long long>(to.size()));
    std::remove(path.c_str());
    std::remove((path + ".copy").c_str());
    return 0;
}
