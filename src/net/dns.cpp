// SPDX-License-Identifier: MIT

#include <tendril/dns.hpp>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <stdexcept>

#include <tendril/error.hpp>
#include <tendril/thread_pool.hpp>

#include "base/escape.hpp"
#include "base/no_nul.hpp"
#include "base/sys.hpp"
#include "base/timed_out.hpp"
#include "hub/here.hpp"
#include "net/resolver.hpp"

namespace tendril {

namespace {

class DnsCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "dns"; }
    std::string message(int error) const override {
        switch (static_cast<DnsError>(error)) {
        case DnsError::not_found:
            return "no such host";
        case DnsError::no_address:
            return "the host has no such address";
        case DnsError::server_failure:
            return "the name servers failed, refused or could not be reached";
        case DnsError::no_answer:
            return "no name server answered";
        case DnsError::bad_name:
            return "not a host name";
        case DnsError::bad_answer:
            return "the name servers' answer makes no sense";
        case DnsError::other:
            break;
        }
        return "the lookup failed";
    }
};

// The C library's functions, which run in the thread pool.
DnsError of_eai(int error) noexcept {
    switch (error) {
    case EAI_NONAME:
        return DnsError::not_found;
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return DnsError::no_address;
    case EAI_AGAIN:
        return DnsError::no_answer;
    case EAI_FAIL:
        return DnsError::server_failure;
    default:
        return DnsError::other;
    }
}

struct SystemAnswer {
    int error = 0;
    int system_error = 0;
    std::vector<Address> addresses;
    std::string name;
};

SystemAnswer ask_forward(const std::string& host, std::uint16_t port, int family) {
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    SystemAnswer answer;
    answer.error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    answer.system_error = answer.error == EAI_SYSTEM ? errno : 0;
    if (answer.error == 0) {
        const std::unique_ptr<addrinfo, void (*)(addrinfo*)> freed(found, &::freeaddrinfo);
        for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
            answer.addresses.push_back(Address::from_raw(each->ai_addr, each->ai_addrlen));
        }
    }
    return answer;
}

SystemAnswer ask_reverse(const Address& address) {
    char host[NI_MAXHOST] = "";
    SystemAnswer answer;
    answer.error = ::getnameinfo(address.raw(), address.raw_size(), host, sizeof host, nullptr, 0, NI_NAMEREQD);
    answer.system_error = answer.error == EAI_SYSTEM ? errno : 0;
    answer.name = host;
    return answer;
}

std::string without_last_dot(std::string host) {
    if (!host.empty() && host.back() == '.') {
        host.pop_back();
    }
    return host;
}

// Whether no host can have this name. That includes 127.1, 0x7f000001 and the like, which the C library takes for
// addresses.
bool is_no_name(const std::string& host) {
    constexpr std::size_t longest = 254;  // RFC 1035, and a final dot
    const bool odd =
        std::any_of(host.begin(), host.end(), [](unsigned char c) { return c <= ' ' || c == '/' || c >= 0x7f; });
    in_addr number{};
    return host.empty() || host.size() > longest || odd || ::inet_aton(without_last_dot(host).c_str(), &number) != 0;
}

// "localhost", and what ends in ".localhost": RFC 6761, 6.3.
bool is_localhost(const std::string& host) {
    constexpr std::string_view localhost = ".localhost";
    const std::string name = '.' + without_last_dot(host);
    return name.size() >= localhost.size() &&
           ::strcasecmp(name.c_str() + name.size() - localhost.size(), localhost.data()) == 0;
}

// Whether there is a route to this address. Sends nothing.
bool has_route(const Address& to) noexcept {
    const int fd = sys::socket(to.family(), SOCK_DGRAM);
    if (fd < 0) {
        return false;
    }
    const bool found = sys::connect(fd, to.raw(), to.raw_size()) == 0;
    sys::close(fd);
    return found;
}

std::vector<Address> loopback(std::uint16_t port, AddressFamily family) {
    std::vector<Address> all;
    const Address v6 = Address::ip("::1", port);
    if (family == AddressFamily::ipv6 || (family == AddressFamily::any && has_route(v6))) {
        all.push_back(v6);
    }
    if (family != AddressFamily::ipv6) {
        all.push_back(Address::ip("127.0.0.1", port));
    }
    return all;
}

bool is_numeric(const std::string& host, std::uint16_t port, Address& address) {
    try {
        address = Address::ip(host, port);
        return true;
    } catch (const std::invalid_argument&) {
        return false;
    }
}

std::string default_kind() {
    const char* named = std::getenv("TENDRIL_RESOLVER");
    return named != nullptr && *named != '\0' ? named : "c-ares";
}

std::string quoted(const std::string& what) {
    constexpr std::size_t shown = 255;  // the longest name; a longer text may be anything
    return '"' + detail::escaped(what, shown) + '"';
}

}  // namespace

class Resolver::System final : public Resolver::Kind {
public:
    std::vector<Address> resolve(const std::string& host, std::uint16_t port, AddressFamily family,
                                 Deadline deadline) override {
        return ask(host, deadline, ask_forward, host, port, number_of(family)).addresses;
    }

    std::string reverse(const Address& address, Deadline deadline) override {
        return ask(address.ip(), deadline, ask_reverse, address).name;
    }

private:
    template <class F, class... A>
    static SystemAnswer ask(const std::string& what, Deadline deadline, F f, A... args) {
        SystemAnswer answer = [&] {
            try {
                return offload(deadline, f, args...);
            } catch (const TimeoutError&) {
                time_out_lookup(what);
            }
        }();
        if (answer.error == EAI_SYSTEM) {
            throw std::system_error(answer.system_error, std::generic_category(), "resolve " + what);
        }
        if (answer.error != 0) {
            fail(of_eai(answer.error), what);
        }
        return answer;
    }
};

std::shared_ptr<Resolver::Kind> Resolver::Kind::make_system() {
    return std::make_shared<System>();
}

void Resolver::Kind::time_out_lookup(const std::string& what) {
    detail::time_out({.waited_ns = detail::here::waited_ns()}, [what] { return "resolve " + quoted(what); });
}

void Resolver::Kind::fail(DnsError why, const std::string& what) {
    throw std::system_error(make_error_code(why), "resolve " + quoted(what));
}

const std::error_category& dns_category() noexcept {
    static const DnsCategory category;
    return category;
}

Resolver::Resolver(const ResolverOptions& options) {
    for (const std::vector<std::string>& texts : {options.servers, options.search.value_or(options.servers)}) {
        for (const std::string& each : texts) {
            detail::require_no_nul(each, "ResolverOptions: a server or a search domain");
        }
    }
    constexpr std::chrono::milliseconds longest_try(std::numeric_limits<int>::max());
    if (options.try_timeout.count() < 0 || options.try_timeout > longest_try || options.tries < 0 ||
        options.dots.value_or(0) < 0) {
        throw std::invalid_argument("ResolverOptions: a time or a number is negative or too large");
    }
    const std::string kind = options.kind.empty() ? default_kind() : options.kind;
    if (kind == "c-ares") {
        kind_ = Kind::make_ares(options);
    } else if (kind == "system") {
        kind_ = Kind::make_system();
    } else {
        throw std::invalid_argument("there is no resolver called \"" + kind + "\"; there are c-ares and system");
    }
}

Resolver Resolver::current() {
    detail::here::make_hub();  // before the resolver, so that the hub ends after it
    thread_local const std::shared_ptr<Kind> own = Resolver().kind_;
    return Resolver(own);
}

std::vector<Address> Resolver::resolve(std::string_view host, Port port, AddressFamily family, Deadline deadline) {
    detail::here::refuse_in_callback();
    const std::string name(host);
    if (Address numeric; is_numeric(name, port, numeric)) {
        if (family != AddressFamily::any && numeric.family() != Kind::number_of(family)) {
            Kind::fail(DnsError::no_address, name);
        }
        return {numeric};
    }
    if (is_no_name(name)) {
        Kind::fail(DnsError::bad_name, name);
    }
    if (is_localhost(name)) {
        return loopback(port, family);
    }
    return kind_->resolve(name, port, family, deadline);
}

std::string Resolver::reverse(const Address& address, Deadline deadline) {
    detail::here::refuse_in_callback();
    if (address.family() != AF_INET && address.family() != AF_INET6) {
        throw std::invalid_argument("reverse(): " + address.to_string() + " is not an IP address");
    }
    return kind_->reverse(address, deadline);
}

std::vector<Address> resolve(std::string_view host, Port port, AddressFamily family, Deadline deadline) {
    return Resolver::current().resolve(host, port, family, deadline);
}

std::string reverse(const Address& address, Deadline deadline) {
    return Resolver::current().reverse(address, deadline);
}

}  // namespace tendril
