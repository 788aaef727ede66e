// SPDX-License-Identifier: MIT
//
// Which Resolver is the hub's own, and the functions that ask it.

#include <memory>
#include <optional>
#include <utility>

#include <tendril/detail/base/mutex.hpp>
#include <tendril/dns.hpp>

#include "hub/here.hpp"

namespace tendril {

namespace {

using Maker = std::function<Resolver()>;

struct DefaultMaker {
    detail::Mutex mutex{detail::Rank::chosen_backend};  // copies a pointer, holding no other lock
    std::shared_ptr<const Maker> make TENDRIL_GUARDED_BY(mutex);
};

DefaultMaker& default_maker() {
    static DefaultMaker& maker = *new DefaultMaker;  // never destroyed: other OS threads may still run at the end
    return maker;
}

// This hub's own Resolver. Made after the hub, so that the hub ends after it.
std::optional<Resolver>& own() {
    detail::here::make_hub();
    thread_local std::optional<Resolver> resolver;
    return resolver;
}

}  // namespace

Resolver Resolver::current() {
    std::optional<Resolver>& resolver = own();
    if (!resolver.has_value()) {
        std::shared_ptr<const Maker> make;
        {
            DefaultMaker& maker = default_maker();
            const detail::MutexLock lock(maker.mutex);
            make = maker.make;
        }
        Resolver made = make != nullptr ? (*make)() : Resolver();
        if (!resolver.has_value()) {  // `make` may have set one, or waited
            resolver.emplace(std::move(made));
        }
    }
    return *resolver;
}

void Resolver::set_current(Resolver resolver) {
    std::optional<Resolver>& mine = own();
    const std::optional<Resolver> former = std::exchange(mine, std::move(resolver));
}

void Resolver::set_default(std::function<Resolver()> make) {
    auto former = make != nullptr ? std::make_shared<const Maker>(std::move(make)) : nullptr;
    DefaultMaker& maker = default_maker();
    const detail::MutexLock lock(maker.mutex);
    std::swap(former, maker.make);
}

std::vector<Address> resolve(std::string_view host, Port port, AddressFamily family, Deadline deadline) {
    return Resolver::current().resolve(host, port, family, deadline);
}
HostInfo look_up(std::string_view host, const LookupOptions& options, Deadline deadline) {
    return Resolver::current().look_up(host, options, deadline);
}
std::string reverse(const Address& address, Deadline deadline) {
    return Resolver::current().reverse(address, deadline);
}
HostInfo look_up_address(const Address& address, Deadline deadline) {
    return Resolver::current().look_up_address(address, deadline);
}
NameInfo name_info(const Address& address, const NameInfoOptions& options, Deadline deadline) {
    return Resolver::current().name_info(address, options, deadline);
}
std::string full_name(std::string_view host, Deadline deadline) {
    return Resolver::current().full_name(host, deadline);
}
DnsAnswer query(std::string_view name, RecordType type, Deadline deadline) {
    return Resolver::current().query(name, type, deadline);
}

}  // namespace tendril
