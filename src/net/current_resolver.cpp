// SPDX-License-Identifier: MIT
//
// Which Resolver is the hub's own, and the functions that ask it.

#include <memory>
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

// This hub's own Resolver. Both are of types without a destructor, as green threads may still ask for it while the hub
// ends, after the OS thread's other objects.
constinit thread_local Resolver* own = nullptr;
constinit thread_local bool over = false;  // it was destroyed; another would never be

void replace_own(std::unique_ptr<Resolver> resolver) {
    struct End {
        ~End() {
            over = true;
            delete std::exchange(own, nullptr);
        }
    };
    detail::here::make_hub();  // first, so that the hub ends after the Resolver
    thread_local End end;
    if (!over) {
        const std::unique_ptr<Resolver> former(std::exchange(own, resolver.release()));
    }
}

}  // namespace

Resolver Resolver::current() {
    if (own != nullptr) {
        return *own;
    }
    std::shared_ptr<const Maker> make;
    {
        DefaultMaker& maker = default_maker();
        const detail::MutexLock lock(maker.mutex);
        make = maker.make;
    }
    Resolver made = make != nullptr ? (*make)() : Resolver();
    if (own != nullptr) {  // `make` has set one, or waited
        return *own;
    }
    replace_own(std::make_unique<Resolver>(made));
    return made;
}

void Resolver::set_current(Resolver resolver) {
    replace_own(std::make_unique<Resolver>(std::move(resolver)));
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
