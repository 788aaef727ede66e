// SPDX-License-Identifier: MIT
//
// Resolves names to addresses, while other green threads run.

#include <cstdio>

#include <tendril/dns.hpp>

using namespace tendril;

int main() {
    for (const char* host : {"localhost", "127.0.0.2"}) {
        for (const Address& address : resolve(host, 80, AddressFamily::ipv4)) {
            std::printf("%s: %s\n", host, address.to_string().c_str());
        }
    }
    try {
        resolve("no such name");
    } catch (const std::system_error& e) {
        std::printf("%s\n", e.what());
    }
    return 0;
}
