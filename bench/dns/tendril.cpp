// SPDX-License-Identifier: MIT
//
// Names looked up by 64 green threads at a time, each name a new one. Per operation: one name's IPv4 address.
//
//     bench_dns_tendril PORT      of the server on 127.0.0.1

#include <cstdint>
#include <cstdio>
#include <string>

#include <tendril/dns.hpp>
#include <tendril/group.hpp>

#include "../measure.hpp"

int main(int argc, char** argv) {
    if (argc != 2 || !bench::optimized) {
        std::fprintf(stderr, "usage: %s PORT, of an optimized build\n", argv[0]);
        return 2;
    }
    tendril::ResolverOptions options;
    options.kind = "c-ares";
    options.servers = {std::string("127.0.0.1:") + argv[1]};
    tendril::Resolver resolver(options);
    constexpr std::uint64_t callers = 64;
    std::uint64_t number = 0;
    bench::measure({"tendril", __VERSION__}, "dns", callers, [&](std::uint64_t n) {
        std::uint64_t found = 0;
        const bench::Elapsed start = bench::now();
        tendril::Group group;
        for (std::uint64_t i = 0; i < callers; ++i) {
            group.spawn([&] {
                for (std::uint64_t k = 0; k < n / callers; ++k) {
                    const std::string name = "host" + std::to_string(number++) + ".example.org";
                    found += resolver.resolve(name, 80, tendril::AddressFamily::ipv4).size();
                }
            });
        }
        group.join();
        const bench::Elapsed took = bench::now() - start;
        bench::require_done("dns", found, n);
        return took;
    });
    return 0;
}
