// SPDX-License-Identifier: MIT
//
// The resolver "system": the C library's functions, in the thread pool.

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <memory>
#include <string>
#include <utility>

#include <tendril/error.hpp>
#include <tendril/thread_pool.hpp>

#include "base/libc.hpp"
#include "base/on_exit.hpp"
#include "net/dns_message.hpp"
#include "net/resolver.hpp"

namespace tendril::detail {

namespace {

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

DnsError of_h_errno(int error) noexcept {
    switch (error) {
    case HOST_NOT_FOUND:
        return DnsError::not_found;
    case NO_DATA:
        return DnsError::no_record;
    case TRY_AGAIN:
        return DnsError::no_answer;
    case NO_RECOVERY:
        return DnsError::server_failure;
    default:
        return DnsError::other;
    }
}

// These run in the thread pool.
struct SystemAnswer {
    std::optional<DnsError> failure;
    int system_error = 0;  // errno, if the system itself failed
    HostInfo info;
    std::string wire;
};

SystemAnswer ask_forward(const std::string& host, int family) {
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_CANONNAME;
    addrinfo* found = nullptr;
    SystemAnswer answer;
    if (const int error = detail::libc.getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
        answer.system_error = error == EAI_SYSTEM ? errno : 0;
        answer.failure = of_eai(error);
        return answer;
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> freed(found, &::freeaddrinfo);
    const char* const canonical = found->ai_canonname != nullptr ? found->ai_canonname : "";
    answer.info.name = is_host_name(canonical) ? canonical : host;
    if (!same_name(answer.info.name, host)) {
        answer.info.aliases.push_back(host);
    }
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        answer.info.addresses.push_back(Address::from_raw(each->ai_addr, each->ai_addrlen));
    }
    return answer;
}

SystemAnswer ask_reverse(const Address& address) {
    SystemAnswer answer;
    const bool v4 = address.family() == AF_INET;
    const void* ip = v4 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr)
                        : &reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr;
    constexpr std::size_t most = 1 << 16;
    std::string buffer;
    hostent entry{};
    hostent* found = nullptr;
    int error = 0;
    int result = ERANGE;
    for (std::size_t size = 2048; size <= most && result == ERANGE; size *= 4) {
        buffer.resize(size);
        result = detail::libc.gethostbyaddr_r(ip, v4 ? sizeof(in_addr) : sizeof(in6_addr), address.family(), &entry,
                                              buffer.data(), buffer.size(), &found, &error);
    }
    if (found == nullptr) {
        answer.failure = of_h_errno(error);
        return answer;
    }
    answer.info.name = found->h_name;
    answer.info.addresses = {address};
    for (char** each = found->h_aliases; *each != nullptr; ++each) {
        answer.info.aliases.emplace_back(*each);
    }
    return answer;
}

SystemAnswer ask_records(const std::string& name, std::uint16_t type) {
    struct __res_state state {};
    SystemAnswer answer;
    if (::res_ninit(&state) != 0) {
        answer.failure = DnsError::other;
        return answer;
    }
    const OnExit closed([&] { ::res_nclose(&state); });
    constexpr std::size_t most = 1 << 16;
    answer.wire.resize(most);
    const int size = ::res_nquery(&state, name.c_str(), ns_c_in, type,
                                  reinterpret_cast<unsigned char*>(answer.wire.data()), static_cast<int>(most));
    if (size < 0) {
        answer.failure = of_h_errno(state.res_h_errno);
    }
    answer.wire.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return answer;
}

class System final : public NameService {
public:
    HostInfo look_up(const std::string& host, AddressFamily family, Deadline deadline) override {
        return ask(host, deadline, ask_forward, host, number_of(family)).info;
    }

    HostInfo look_up_address(const Address& address, Deadline deadline) override {
        HostInfo info = ask(address.ip(), deadline, ask_reverse, address).info;
        if (!is_host_name(info.name)) {
            fail(DnsError::bad_answer, address.ip());
        }
        std::erase_if(info.aliases, [](const std::string& each) { return !is_host_name(each); });
        return info;
    }

    DnsAnswer query(const std::string& name, RecordType type, Deadline deadline) override {
        const std::optional<DnsName> read = read_dns_name(name);
        if (!read.has_value()) {
            fail(DnsError::bad_name, name);
        }
        const SystemAnswer answer = ask(name, deadline, ask_records, read->query, static_cast<std::uint16_t>(type));
        std::optional<DnsMessage> message = read_dns_message(answer.wire);
        if (!message.has_value()) {
            fail(DnsError::bad_answer, name);
        }
        DnsVerdict verdict = find_answer(*std::move(message), read->text, type);
        if (verdict.failure.has_value()) {
            fail(*verdict.failure, name);
        }
        return std::move(verdict.answer);
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
        if (answer.system_error != 0) {
            throw std::system_error(answer.system_error, std::generic_category(), "resolve " + what);
        }
        if (answer.failure.has_value()) {
            fail(*answer.failure, what);
        }
        return answer;
    }
};

}  // namespace

std::shared_ptr<NameService> make_system_resolver() {
    return std::make_shared<System>();
}

}  // namespace tendril::detail
