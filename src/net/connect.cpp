// SPDX-License-Identifier: MIT

#include <netinet/in.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include <tendril/dns.hpp>
#include <tendril/event.hpp>
#include <tendril/group.hpp>
#include <tendril/shield.hpp>

#include "base/on_exit.hpp"
#include "net/socket_access.hpp"

namespace tendril {

using detail::Handle;
using detail::SocketAccess;

Handle SocketAccess::connect(int type, const Address& to, const ConnectOptions& options, Deadline deadline) {
    const std::string what = "connect to " + to.to_string();
    Handle handle = open(to.family(), type, what);
    const int fd = handle.fd();
    apply(options.settings, handle);
    if (options.bind.has_value()) {
        if (const int r = sys::bind(fd, options.bind->raw(), options.bind->raw_size()); r < 0) {
            fail(r, what + " from " + options.bind->to_string());
        }
    }
    make_prompt(fd, to.family());
    std::chrono::milliseconds pause(1);
    for (;;) {
        const int r = sys::connect(fd, to.raw(), to.raw_size());
        if (r == 0 || r == -EISCONN) {
            return handle;
        }
        if (r == -EINPROGRESS || r == -EALREADY) {
            Descriptor& d = handle.use("a socket");
            d.drained(Direction::write);
            try {
                await(d, Direction::write, "connect", deadline);  // then another connect() returns the result
            } catch (const TimeoutError&) {
                detail::time_out({.waited_ns = detail::here::waited_ns()}, [what] { return what; });
            }
        } else if (r == -EAGAIN && to.family() == AF_UNIX) {
            detail::pause_before_retry(pause, deadline, "connect", "connect to ", to);
        } else if (r != -EINTR) {
            fail(r, what);
        }
    }
}

TcpSocket connect(const Address& to, const ConnectOptions& options, Deadline deadline) {
    return SocketAccess::stream(SocketAccess::connect(SOCK_STREAM, to, options, deadline));
}

namespace {

// Returns the addresses of the two families in turn, in their order, beginning with the first's (RFC 8305, 4).
std::vector<Address> interleaved(const std::vector<Address>& all) {
    std::vector<Address> result;
    std::vector<Address> rest;
    for (const Address& each : all) {
        (each.family() == all.front().family() ? result : rest).push_back(each);
    }
    for (std::size_t i = 0, at = 1; i < rest.size(); ++i, at += 2) {
        result.insert(result.begin() + static_cast<std::ptrdiff_t>(std::min(at, result.size())), rest[i]);
    }
    return result;
}

// Tries addresses in green threads, which refer to the Race and end before it does.
class Race {
public:
    Race(std::string host_port, const ConnectOptions& options) : name_(std::move(host_port)), options_(options) {}

    TcpSocket run(const std::vector<Address>& addresses, Deadline deadline) {
        Group attempts;  // its destructor ends them if an exception leaves this function
        for (const Address& each : addresses) {
            wait(deadline, [&] { return running_ < most_at_once; });
            refuse_late(deadline);
            const std::size_t failed = failed_;
            tries_.push_back({each, {}});
            ++running_;
            attempts.spawn([this, at = tries_.size() - 1] { attempt(at); });
            wait(std::min(Deadline(options_.attempt_delay), deadline), [&] { return failed_ != failed; });
            refuse_late(deadline);
            if (has_won()) {
                break;
            }
        }
        wait(deadline, [&] { return running_ == 0; });
        refuse_late(deadline);
        if (!has_won()) {
            if (broken_ != nullptr) {
                std::rethrow_exception(broken_);
            }
            throw std::system_error(last_error_, text(name_, tries_));
        }
        {
            const Shield shield;
            attempts.kill();
        }
        return std::move(*won_);
    }

private:
    // Limits what a name's owner can make us do: a name may have thousands of addresses.
    static constexpr std::size_t most_at_once = 64;
    static constexpr std::size_t most_named = 16;

    struct Try {
        Address to;
        std::error_code error;  // none: the attempt is under way
    };

    bool has_won() const noexcept { return won_.has_value(); }

    template <class Done>
    void wait(Deadline until, Done done) {
        while (!has_won() && !done() && attempt_ended_.wait(until)) {
            attempt_ended_.clear();
        }
    }

    void refuse_late(Deadline deadline) const {
        if (!has_won() && running_ > 0 && deadline.passed()) {
            detail::time_out({.waited_ns = Deadline::now_ns() - began_ns_},
                             [name = name_, tries = tries_] { return text(name, tries); });
        }
    }

    static std::string text(const std::string& name, const std::vector<Try>& tries) {
        std::string result = "connect to " + name + ": tried ";
        for (std::size_t i = 0; i < tries.size() && i < most_named; ++i) {
            const Try& each = tries[i];
            result += (i == 0 ? "" : ", ") + each.to.to_string() + " (" +
                      (each.error ? each.error.message() : "no answer yet") + ")";
        }
        return result +
               (tries.size() > most_named ? " and " + std::to_string(tries.size() - most_named) + " more" : "");
    }

    void attempt(std::size_t at) {
        const detail::OnExit ended([this] {
            --running_;
            attempt_ended_.set();
        });
        try {
            const Address to = tries_[at].to;
            TcpSocket socket = connect(to, options_);
            if (!has_won()) {
                won_ = std::move(socket);
            }
        } catch (const std::system_error& e) {
            ++failed_;
            tries_[at].error = last_error_ = e.code();
        } catch (const std::exception&) {
            ++failed_;
            broken_ = std::current_exception();
        }
    }

    const std::string name_;
    const ConnectOptions& options_;
    const std::int64_t began_ns_ = Deadline::now_ns();
    Event attempt_ended_;
    std::size_t running_ = 0;
    std::size_t failed_ = 0;
    std::vector<Try> tries_;
    std::optional<TcpSocket> won_;
    std::error_code last_error_;
    std::exception_ptr broken_;
};

}  // namespace

TcpSocket detail::connect_host(std::string_view host, std::uint16_t port, const ConnectOptions& options,
                               Deadline deadline) {
    const bool v6 = host.find(':') != std::string_view::npos;
    const std::string name = (v6 ? "[" : "") + std::string(host) + (v6 ? "]:" : ":") + std::to_string(port);
    AddressFamily family = AddressFamily::any;
    if (options.bind.has_value()) {
        family = options.bind->family() == AF_INET6 ? AddressFamily::ipv6 : AddressFamily::ipv4;
    }
    Resolver own = options.resolver != nullptr ? *options.resolver : Resolver::current();
    const std::vector<Address> all = interleaved(own.resolve(host, port, family, deadline));
    const bool numeric = all.size() == 1 && all.front().to_string() == name;
    return numeric ? connect(all.front(), options, deadline) : Race(name, options).run(all, deadline);
}

TcpSocket connect(std::string_view to, const ConnectOptions& options, Deadline deadline) {
    if (to.substr(0, 5) == "unix:" || to.substr(0, 1) == ":" || to.substr(0, 2) == "*:") {
        return connect(Address::parse(to), options, deadline);
    }
    const HostPort parts = split_host_port(to);
    return detail::connect_host(parts.host, parts.port, options, deadline);
}

}  // namespace tendril
