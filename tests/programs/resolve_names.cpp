// SPDX-License-Identifier: MIT
//
// Looks up each argument by both resolvers, with the /etc/resolv.conf that there is, and prints what they say:
// "<resolver> <name> <address or error>".

#include <cstdio>
#include <string>
#include <system_error>

#include <tendril/dns.hpp>

int main(int count, char** names) {
    for (const char* kind : {"system", "c-ares"}) {
        tendril::Resolver resolver(tendril::ResolverOptions{.kind = kind});
        for (int i = 1; i < count; ++i) {
            std::string said;
            try {
                for (const tendril::Address& each : resolver.resolve(names[i], 0, tendril::AddressFamily::ipv4)) {
                    said += each.ip();
                }
            } catch (const std::system_error& e) {
                said = e.code().message();
            }
            std::printf("%s %.40s %s\n", kind, names[i], said.c_str());
        }
    }
}
