// SPDX-License-Identifier: MIT
//
// The resolver "c-ares": a channel of c-ares. The hub watches its descriptors, by an Io for each, and its time, by a
// Timer. Its system calls go through base/sys. Its callbacks run in the hub's own green thread, or inside a call below,
// and neither throw nor wait: they fill a Lookup, which its caller shares with them, and set its event.
//
// When the last waiter has gone, what is still under way is cancelled, so an idle channel has no descriptors.

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>

#include <list>
#include <map>
#include <new>
#include <stdexcept>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/watchers.hpp>

#include "base/at_fork.hpp"
#include "base/on_exit.hpp"
#include "base/once.hpp"
#include "base/sys.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"
#include "net/ares_sockets.hpp"
#include "net/resolver.hpp"
#include "net/search_list.hpp"

namespace tendril {

namespace {

constexpr char resolv_conf[] = "/etc/resolv.conf";
constexpr std::int64_t look_again_ns = 1'000'000'000;
constexpr Duration default_try_timeout = std::chrono::seconds(2);
constexpr std::int64_t longest_try_ms = 86'400'000;  // c-ares multiplies it, as an int, for later tries
constexpr int default_tries = 3;
// Lookups at once; more than that wait, since a flood would overflow a server's, or our own, socket buffer.
constexpr std::size_t most_at_once = 64;
// Questions under way, including those whose callers have left: c-ares cannot end a single one.
constexpr std::size_t most_questions = 1024;

DnsError of_ares(int status) noexcept {
    switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENONAME:
        return DnsError::not_found;
    case ARES_ENODATA:
        return DnsError::no_address;
    case ARES_ESERVFAIL:
    case ARES_ENOTIMP:
    case ARES_EFORMERR:
    case ARES_EREFUSED:
    case ARES_ECONNREFUSED:  // also if the last server answered SERVFAIL or REFUSED
        return DnsError::server_failure;
    case ARES_ETIMEOUT:
        return DnsError::no_answer;
    case ARES_EBADNAME:
        return DnsError::bad_name;
    case ARES_EBADRESP:
        return DnsError::bad_answer;
    default:
        return DnsError::other;
    }
}

// One question, shared by its caller and c-ares.
struct Lookup {
    Event answered;
    int status = ARES_ECANCELLED;
    std::uint16_t port = 0;
    std::vector<Address> addresses;
    std::string name;
};

void initialise_library() {
    static constinit detail::Once once;
    once([] {
        if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
            throw std::runtime_error("c-ares cannot be initialised");
        }
    });
}

}  // namespace

class Resolver::Ares final : public Resolver::Kind {
public:
    explicit Ares(const ResolverOptions& options) : options_(options), owner_(detail::here::owner()) {
        initialise_library();
        have_channel();
    }
    ~Ares() override { drop_channel(); }

    std::vector<Address> resolve(const std::string& host, std::uint16_t port, AddressFamily family,
                                 Deadline deadline) override {
        detail::here::require_owner("a Resolver", owner_);
        notice_fork();
        const Permit turn(turns_, host, deadline);
        renew();
        if (options_.hosts_file) {
            if (const auto found = look_into_hosts(host, port, family); found->status == ARES_SUCCESS) {
                return std::move(found->addresses);
            }
        }
        detail::SearchList names(host, search_, dots_);
        while (const std::optional<std::string> name = names.next()) {
            const std::shared_ptr<Lookup> lookup = ask_for(*name, host, port, family, deadline);
            if (lookup->status == ARES_SUCCESS) {
                return std::move(lookup->addresses);
            }
            names.failed(of_ares(lookup->status));
        }
        fail(names.failure(), host);
    }

    std::string reverse(const Address& address, Deadline deadline) override {
        detail::here::require_owner("a Resolver", owner_);
        notice_fork();
        const std::string text = address.ip();
        const Permit turn(turns_, text, deadline);
        Permit question(questions_, text, deadline);
        renew();
        const bool v4 = address.family() == AF_INET;
        const void* ip = v4 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr)
                            : &reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr;
        const int size = v4 ? sizeof(in_addr) : sizeof(in6_addr);
        if (options_.hosts_file) {
            auto lookup = std::make_shared<Lookup>();
            ares_gethostbyaddr(hosts_, ip, size, address.family(), &Ares::on_host, new Held{lookup, {}});
            if (lookup->status == ARES_SUCCESS) {
                return std::move(lookup->name);
            }
        }
        auto lookup = std::make_shared<Lookup>();
        auto held = std::make_unique<Held>(Held{lookup, std::move(question)});
        ares_gethostbyaddr(channel_, ip, size, address.family(), &Ares::on_host, held.release());
        wait(*lookup, text, deadline);
        if (lookup->status != ARES_SUCCESS) {
            fail(of_ares(lookup->status), text);
        }
        return std::move(lookup->name);
    }

private:
    // Holds one permit of a Semaphore while it lives.
    class Permit {
    public:
        Permit() noexcept = default;  // none
        // Throws: TimeoutError.
        Permit(Semaphore& from, const std::string& what, Deadline deadline) {
            if (!from.acquire(deadline)) {
                time_out_lookup(what);
            }
            from_ = &from;
        }
        Permit(Permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
        Permit& operator=(Permit&&) = delete;
        ~Permit() {
            if (from_ != nullptr) {
                from_->release();
            }
        }

    private:
        Semaphore* from_ = nullptr;
    };

    struct Held {
        std::shared_ptr<Lookup> lookup;
        Permit question;
    };

    static ares_addrinfo_hints hints_for(AddressFamily family) noexcept {
        ares_addrinfo_hints hints{};
        hints.ai_family = number_of(family);
        hints.ai_socktype = SOCK_STREAM;
        return hints;
    }

    // Looks into the hosts file; does not wait.
    std::shared_ptr<Lookup> look_into_hosts(const std::string& host, std::uint16_t port, AddressFamily family) {
        auto lookup = std::make_shared<Lookup>();
        lookup->port = port;
        const ares_addrinfo_hints hints = hints_for(family);
        ares_getaddrinfo(hosts_, host.c_str(), nullptr, &hints, &Ares::on_addresses, new Held{lookup, {}});
        return lookup;
    }

    // Asks the DNS for exactly this name. host: the name that the caller gave, for errors.
    std::shared_ptr<Lookup> ask_for(const std::string& name, const std::string& host, std::uint16_t port,
                                    AddressFamily family, Deadline deadline) {
        Permit question(questions_, host, deadline);
        renew();
        auto lookup = std::make_shared<Lookup>();
        lookup->port = port;
        const ares_addrinfo_hints hints = hints_for(family);
        auto held = std::make_unique<Held>(Held{lookup, std::move(question)});
        ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &Ares::on_addresses, held.release());
        wait(*lookup, host, deadline);
        return lookup;
    }

    // c-ares's callbacks, which own the Held.
    static void on_addresses(void* held, int status, int, ares_addrinfo* found) noexcept {
        const std::unique_ptr<Held> own(static_cast<Held*>(held));
        Lookup& lookup = *own->lookup;
        lookup.status = status;
        try {
            for (const ares_addrinfo_node* each = found != nullptr ? found->nodes : nullptr; each != nullptr;
                 each = each->ai_next) {
                lookup.addresses.push_back(with_port(Address::from_raw(each->ai_addr, each->ai_addrlen), lookup.port));
            }
            if (status == ARES_SUCCESS && lookup.addresses.empty()) {
                lookup.status = ARES_ENODATA;
            }
        } catch (...) {
            lookup.status = ARES_ENOMEM;
        }
        ares_freeaddrinfo(found);
        lookup.answered.set();
    }

    static void on_host(void* held, int status, int, hostent* found) noexcept {
        const std::unique_ptr<Held> own(static_cast<Held*>(held));
        Lookup& lookup = *own->lookup;
        lookup.status = status;
        try {
            lookup.name = found != nullptr && found->h_name != nullptr ? found->h_name : "";
        } catch (...) {
            lookup.status = ARES_ENOMEM;
        }
        lookup.answered.set();
    }

    static Address with_port(const Address& address, std::uint16_t port) {
        sockaddr_in6 raw{};  // the longer of the two
        std::copy_n(reinterpret_cast<const char*>(address.raw()), address.raw_size(), reinterpret_cast<char*>(&raw));
        raw.sin6_port = htons(port);  // in the same place in both
        return Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), address.raw_size());
    }

    // In the child of a fork() no caller is left: frees the permits that they held.
    void notice_fork() {
        if (generation_ != detail::fork_generation()) {
            generation_ = detail::fork_generation();
            drop_channel();
            waiting_ = 0;
            turns_.release(most_at_once - turns_.available());
            questions_.release(most_questions - questions_.available());
        }
    }

    // Makes the channels, anew if the configuration has changed and no lookup waits.
    void renew() {
        if (waiting_ == 0 && configuration_changed()) {
            drop_channel();
        }
        have_channel();
    }

    void wait(Lookup& lookup, const std::string& what, Deadline deadline) {
        ++waiting_;
        const detail::OnExit left([this] {
            if (--waiting_ == 0) {
                cancel_rest();
            }
        });
        if (!lookup.answered.is_set()) {
            arm_timer();
        }
        if (!lookup.answered.wait(deadline)) {
            time_out_lookup(what);
        }
        if (lookup.status == ARES_ENOMEM) {
            throw std::bad_alloc();
        }
    }

    // For when the last waiter has gone.
    void cancel_rest() noexcept {
        if (channel_ != nullptr && generation_ == detail::fork_generation()) {
            ares_cancel(channel_);
        }
        timer_.reset();
    }

    void have_channel() {
        if (channel_ != nullptr) {
            return;
        }
        try {
            read_configuration();
            open_channel();
        } catch (...) {
            drop_channel();
            throw;
        }
        note_configuration();
    }

    // Makes the channel that asks the hosts file alone. Takes the search list and the dots from it, which c-ares has
    // read from resolv.conf, LOCALDOMAIN and RES_OPTIONS, unless the options give them.
    void read_configuration() {
        ares_options raw{};
        std::string lookups = "f";
        raw.lookups = lookups.data();
        init(hosts_, raw, ARES_OPT_LOOKUPS);
        ares_options found{};
        int mask = 0;
        if (ares_save_options(hosts_, &found, &mask) != ARES_SUCCESS) {
            ares_destroy_options(&found);
            throw std::bad_alloc();
        }
        const detail::OnExit destroyed([&] { ares_destroy_options(&found); });
        dots_ = options_.dots.value_or(found.ndots);
        search_ = options_.search.has_value() ? *options_.search
                                              : std::vector<std::string>(found.domains, found.domains + found.ndomains);
    }

    // Makes the channel that asks the DNS. SearchList tries the domains, since c-ares would give up at the first
    // failure.
    void open_channel() {
        ares_options raw{};
        raw.sock_state_cb = &Ares::on_socket;
        raw.sock_state_cb_data = this;
        const Duration patience = options_.try_timeout == Duration() ? default_try_timeout : options_.try_timeout;
        raw.timeout = static_cast<int>(std::min<std::int64_t>(patience.count() / 1'000'000, longest_try_ms));
        raw.tries = options_.tries > 0 ? options_.tries : default_tries;
        std::string lookups = "b";
        raw.lookups = lookups.data();
        init(channel_, raw,
             ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS);
        ares_set_socket_functions(channel_, &detail::ares_through_sys, &allowance_);
        if (!options_.servers.empty()) {
            set_servers();
        }
    }

    static void init(ares_channel& channel, ares_options& raw, int mask) {
        if (const int r = ares_init_options(&channel, &raw, mask); r != ARES_SUCCESS) {
            channel = nullptr;
            throw std::runtime_error(std::string("c-ares cannot make a channel: ") + ares_strerror(r));
        }
    }

    void set_servers() {
        std::string all;
        for (const std::string& each : options_.servers) {
            all += (all.empty() ? "" : ",") + each;
        }
        if (ares_set_servers_ports_csv(channel_, all.c_str()) != ARES_SUCCESS) {
            throw std::invalid_argument("ResolverOptions: \"" + all + "\" is not a list of servers' addresses");
        }
    }

    // Ends the lookups under way, whose callbacks run. In the child of a fork() no caller is left to notice.
    void drop_channel() noexcept {
        if (channel_ != nullptr) {
            ares_destroy(std::exchange(channel_, nullptr));
        }
        if (hosts_ != nullptr) {
            ares_destroy(std::exchange(hosts_, nullptr));
        }
        watched_.clear();
        timer_.reset();
    }

    bool configuration_changed() noexcept {
        const std::int64_t now = Deadline::now_ns();
        if (!options_.servers.empty() || now - looked_ns_ < look_again_ns) {
            return false;
        }
        looked_ns_ = now;
        sys::FileStatus status{};
        return sys::file_status(resolv_conf, status) == 0 && status.modified_ns != configuration_ns_;
    }

    void note_configuration() noexcept {
        sys::FileStatus status{};
        configuration_ns_ = sys::file_status(resolv_conf, status) == 0 ? status.modified_ns : 0;
        looked_ns_ = Deadline::now_ns();
    }

    // Called by c-ares when it wants to be notified of other events of the socket; of none when it closes the socket.
    static void on_socket(void* self, ares_socket_t fd, int readable, int writable) noexcept {
        static_cast<Ares*>(self)->watch(fd, readable != 0, writable != 0);
    }

    void watch(ares_socket_t fd, bool readable, bool writable) noexcept {
        watched_.erase(fd);
        if (!readable && !writable) {
            return;
        }
        const IoEvents events =
            (readable ? IoEvents::read : IoEvents::none) | (writable ? IoEvents::write : IoEvents::none);
        try {
            watched_.emplace(fd, Io(fd, events, [this, fd](IoEvents what) { process(fd, what); }));
        } catch (...) {
            // The timer will end the lookups that wait for this socket.
        }
    }

    void process(ares_socket_t fd, IoEvents what) {
        allowance_ = {};
        ares_process_fd(channel_, any(what & IoEvents::read) ? fd : ARES_SOCKET_BAD,
                        any(what & IoEvents::write) ? fd : ARES_SOCKET_BAD);
        arm_timer();
    }

    void arm_timer() {
        timeval time{};
        if (channel_ == nullptr || ares_timeout(channel_, nullptr, &time) == nullptr) {
            timer_.reset();
            return;
        }
        timer_.emplace(std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec), [this] {
            ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            arm_timer();
        });
    }

    ResolverOptions options_;
    const std::uint64_t owner_;
    std::uint64_t generation_ = detail::fork_generation();
    ares_channel hosts_ = nullptr;  // lives as long as channel_; has no descriptors
    ares_channel channel_ = nullptr;
    std::vector<std::string> search_;
    int dots_ = 1;
    std::map<ares_socket_t, Io> watched_;
    std::optional<Timer> timer_;
    detail::AresAllowance allowance_;
    Semaphore turns_{most_at_once};
    Semaphore questions_{most_questions};  // that c-ares has
    std::size_t waiting_ = 0;              // green threads in wait()
    std::int64_t configuration_ns_ = 0;
    std::int64_t looked_ns_ = 0;
};

std::shared_ptr<Resolver::Kind> Resolver::Kind::make_ares(const ResolverOptions& options) {
    return std::make_shared<Ares>(options);
}

}  // namespace tendril
