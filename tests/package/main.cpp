// SPDX-License-Identifier: MIT
//
// What a user's first program does: two green threads, joined by the main one. run.cmake compares what it prints. And
// the package, its headers and its library are of one version.

#include <chrono>
#include <cstdio>

#include <tendril/greenlet.hpp>
#include <tendril/version.hpp>

int main() {
    using namespace std::chrono_literals;
    auto slow = tendril::spawn([] {
        tendril::sleep(2ms);
        std::puts("slow");
        return 40;
    });
    auto quick = tendril::spawn([] {
        std::puts("quick");
        return 2;
    });
    std::printf("sum %d\n", slow.get() + quick.get());
    if (tendril::header_version.text() != PACKAGE_VERSION || tendril::library_version() != tendril::header_version) {
        std::printf("headers %s, library %s, package " PACKAGE_VERSION "\n", tendril::header_version.text().c_str(),
                    tendril::library_version().text().c_str());
    }
    return 0;
}
