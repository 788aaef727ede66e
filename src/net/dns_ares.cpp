// SPDX-License-Identifier: MIT
//
// The resolver "c-ares": asks the hosts file (ares_hosts.hpp), then the name servers, by a channel of c-ares
// (ares_channel.hpp). Its callback puts the server's message into a Lookup, which it shares with the caller, and sets
// the Lookup's event. The caller reads the message by dns_message.hpp.
//
// When the last waiter has gone, what is still under way is cancelled, so an idle channel has no descriptors.

#include <arpa/nameser.h>

#include <algorithm>
#include <new>
#include <utility>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/semaphore.hpp>

#include "base/at_fork.hpp"
#include "base/on_exit.hpp"
#include "hub/here.hpp"
#include "net/address_order.hpp"
#include "net/ares_channel.hpp"
#include "net/ares_hosts.hpp"
#include "net/dns_cache.hpp"
#include "net/dns_message.hpp"
#include "net/resolver.hpp"
#include "net/search_list.hpp"

namespace tendril::detail {

namespace {

// Lookups at once; more than that wait, since a flood would overflow a server's, or our own, socket buffer.
constexpr std::size_t most_at_once = 64;
// Questions under way, including those whose callers have left: c-ares cannot end a single one.
constexpr std::size_t most_questions = 1024;
// Of one name: a name's owner may give it thousands, and each costs four system calls to sort.
constexpr std::size_t most_addresses = 512;

DnsError of_ares(int status) noexcept {
    switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENONAME:
        return DnsError::not_found;
    case ARES_ENODATA:
        return DnsError::no_record;
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
    std::string wire;  // what the server said
};

// Holds one permit of a Semaphore while it lives.
class Permit {
public:
    Permit() noexcept = default;  // none
    // Throws: TimeoutError.
    Permit(Semaphore& from, const std::string& what, Deadline deadline) {
        Presence keeps;  // the hub waiting: all who have one may be in the background
        here::keep_awaiting(keeps);
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

// c-ares's callback, which owns the Held.
void on_message(void* held, int status, int, unsigned char* wire, int size) noexcept {
    const std::unique_ptr<Held> own(static_cast<Held*>(held));
    Lookup& lookup = *own->lookup;
    lookup.status = status;
    try {
        if (wire != nullptr && size > 0) {
            lookup.wire.assign(reinterpret_cast<const char*>(wire), static_cast<std::size_t>(size));
        }
    } catch (...) {
        lookup.status = ARES_ENOMEM;
    }
    lookup.answered.set();
}

// One question on its way to its answer: in the cache, or with c-ares.
struct Pending {
    DnsCache::Key key;
    std::string query;               // the name, as ares_query() takes it
    std::shared_ptr<Lookup> lookup;  // nullptr: the verdict is there
    DnsVerdict verdict = {};
};

class Ares final : public NameService {
public:
    explicit Ares(const ResolverOptions& options)
        : options_(options), owner_(here::owner()), cache_(options.cache), channel_(options) {}

    HostInfo look_up(const std::string& host, AddressFamily family, Deadline deadline) override {
        enter();
        Call call{host, deadline};
        if (options_.hosts_file) {
            if (HostInfo found = addresses_in_hosts(channel_.hosts(), host, family); !found.addresses.empty()) {
                return found;
            }
        }
        SearchList names(host, channel_.search(), channel_.dots());
        while (const std::optional<std::string> name = names.next()) {
            HostInfo found;
            const std::optional<DnsError> failure = ask_for_addresses(*name, family, call, found);
            if (!failure.has_value()) {
                return found;
            }
            names.failed(*failure);
        }
        fail_call(names.failure(), host);
    }

    HostInfo look_up_address(const Address& address, Deadline deadline) override {
        enter();
        const std::string text = address.ip();
        Call call{text, deadline};
        HostInfo info;
        if (options_.hosts_file) {
            info = names_in_hosts(channel_.hosts(), address);
        }
        if (info.name.empty()) {
            const DnsAnswer answer = ask(reverse_name(address), RecordType::ptr, call);
            for (const PtrRecord& each : answer.of<PtrRecord>()) {
                if (!is_host_name(each.host)) {
                    continue;
                }
                if (info.name.empty()) {
                    info.name = each.host;
                } else {
                    add_alias(info, each.host);
                }
            }
            if (info.name.empty()) {
                fail(DnsError::bad_answer, text);
            }
        }
        info.addresses = {address};
        return info;
    }

    DnsAnswer query(const std::string& name, RecordType type, Deadline deadline) override {
        enter();
        Call call{name, deadline};
        return ask(name, type, call);
    }

    DnsCacheStatistics cache_statistics() const override { return cache_.statistics(); }
    void clear_cache() override { cache_.clear(); }

private:
    // While it goes on, counts its green thread among those that have asked c-ares, and keeps the hub waiting for the
    // answer. The last one that ends cancels the rest.
    class Asking {
    public:
        Asking() noexcept = default;
        Asking(const Asking&) = delete;
        Asking& operator=(const Asking&) = delete;
        ~Asking() { end(); }

        void begin(Ares& ares) noexcept {
            if (ares_ == nullptr) {
                ares_ = &ares;
                if (ares.waiting_ == 0) {
                    ares.channel_.forget_refusal();
                }
                ++ares.waiting_;
                here::keep_awaiting(keeps_);
            }
        }
        void end() noexcept {
            keeps_.unlink();
            if (Ares* const ares = std::exchange(ares_, nullptr);
                ares != nullptr && --ares->waiting_ == 0 && ares->generation_ == fork_generation()) {
                ares->channel_.cancel();
            }
        }

    private:
        Ares* ares_ = nullptr;
        Presence keeps_;
    };

    // One call of a user's. It takes a turn when the cache does not know the answer.
    struct Call {
        const std::string& what;  // the name or the address, for errors
        Deadline deadline;
        std::optional<Permit> turn = {};
        Asking asking = {};  // while a question of it is under way
    };

    void enter() {
        here::require_owner("a Resolver", owner_);
        if (generation_ != fork_generation()) {  // in the child of a fork() no caller is left: frees their permits
            generation_ = fork_generation();
            channel_.drop();
            waiting_ = 0;
            turns_.release(most_at_once - turns_.available());
            questions_.release(most_questions - questions_.available());
        }
        // Makes the channels, anew if the configuration has changed and no lookup waits.
        if (waiting_ == 0 && channel_.configuration_changed()) {
            channel_.drop();
            cache_.clear();
        }
        channel_.have();
    }

    // Asks the DNS for exactly this name, both families at once. Returns: why there is no address.
    std::optional<DnsError> ask_for_addresses(const std::string& name, AddressFamily family, Call& call,
                                              HostInfo& found) {
        const OnExit left([&] { call.asking.end(); });
        std::vector<Pending> asked;
        for (const auto& [type, other] :
             {std::pair(RecordType::aaaa, AddressFamily::ipv4), std::pair(RecordType::a, AddressFamily::ipv6)}) {
            if (family != other) {
                asked.push_back(begin(name, type, call));
            }
        }
        DnsError failure = DnsError::no_address;
        for (Pending& each : asked) {
            finish(each, call);
            if (!each.verdict.failure.has_value()) {
                take_addresses(each.verdict.answer, call.what, found);
            } else if (*each.verdict.failure == DnsError::not_found || failure != DnsError::not_found) {
                failure = *each.verdict.failure == DnsError::no_record ? failure : *each.verdict.failure;
            }
        }
        if (found.addresses.empty()) {
            return failure;
        }
        sort_by_preference(found.addresses);
        return std::nullopt;
    }

    static void take_addresses(const DnsAnswer& answer, const std::string& host, HostInfo& found) {
        for (const DnsRecord& each : answer.records) {
            const auto* v4 = std::get_if<ARecord>(&each.data);
            const auto* v6 = std::get_if<AaaaRecord>(&each.data);
            if (found.addresses.size() < most_addresses && (v4 != nullptr || v6 != nullptr)) {
                found.addresses.push_back(v4 != nullptr ? v4->address : v6->address);
            }
        }
        if (found.name.empty()) {
            found.name = is_host_name(answer.name) ? answer.name : host;
        }
        for (const std::string& each : answer.aliases) {
            if (is_host_name(each)) {
                add_alias(found, each);
            }
        }
    }

    DnsAnswer ask(const std::string& name, RecordType type, Call& call) {
        const OnExit left([&] { call.asking.end(); });
        Pending pending = begin(name, type, call);
        finish(pending, call);
        if (pending.verdict.failure.has_value()) {
            fail_call(*pending.verdict.failure, call.what);
        }
        return std::move(pending.verdict.answer);
    }

    // fail(), with the cause if no server could be asked because of the source in the options.
    [[noreturn]] void fail_call(DnsError why, const std::string& what) const {
        if (const std::string refused = channel_.refused_source();
            why == DnsError::server_failure && !refused.empty()) {
            fail_lookup(why, what, refused);
        }
        fail(why, what);
    }

    // Looks into the cache, or asks.
    Pending begin(const std::string& name, RecordType type, Call& call) {
        const std::optional<DnsName> read = read_dns_name(name);
        if (!read.has_value()) {
            return {{}, {}, nullptr, {DnsError::bad_name, {}}};
        }
        Pending pending{{read->text, type}, read->query, nullptr};
        if (const auto [kept, age] = cache_.find(pending.key, Deadline::now_ns()); kept != nullptr) {
            pending.verdict = from_cache(*kept, pending.key, age);
            return pending;
        }
        if (!call.turn.has_value()) {
            call.turn.emplace(turns_, call.what, call.deadline);
        }
        Permit question(questions_, call.what, call.deadline);
        channel_.have();
        call.asking.begin(*this);
        pending.lookup = std::make_shared<Lookup>();
        auto held = std::make_unique<Held>(Held{pending.lookup, std::move(question)});
        ares_query(channel_.dns(), pending.query.c_str(), ns_c_in, static_cast<int>(type), &on_message, held.release());
        return pending;
    }

    // Waits for the answer, and puts it into the cache.
    void finish(Pending& pending, const Call& call) {
        if (pending.lookup == nullptr) {
            return;
        }
        Lookup& lookup = *pending.lookup;
        if (!lookup.answered.is_set()) {
            channel_.arm_timer();
        }
        if (!lookup.answered.wait(call.deadline)) {
            time_out_lookup(call.what);
        }
        if (lookup.status == ARES_ENOMEM) {
            throw std::bad_alloc();
        }
        const bool no = lookup.status == ARES_ENOTFOUND || lookup.status == ARES_ENODATA;
        if (lookup.status != ARES_SUCCESS && !no) {
            pending.verdict.failure = of_ares(lookup.status);
            return;
        }
        std::chrono::seconds keep_no(0);
        if (std::optional<DnsMessage> message = read_dns_message(lookup.wire); message.has_value()) {
            keep_no = message->keep_no.value_or(keep_no);
            pending.verdict = find_answer(*std::move(message), pending.key.first, pending.key.second);
        } else {
            pending.verdict.failure = DnsError::bad_answer;
        }
        if (no) {
            pending.verdict.failure = of_ares(lookup.status);
        }
        keep(pending, std::min(keep_no, pending.verdict.answer.ttl));
    }

    void keep(const Pending& pending, std::chrono::seconds keep_no) {
        const std::int64_t now = Deadline::now_ns();
        const std::optional<DnsError>& failure = pending.verdict.failure;
        if (!failure.has_value()) {
            cache_.put(pending.key, {{}, std::move(pending.lookup->wire)},
                       std::min(pending.verdict.answer.ttl, options_.max_ttl), now);
        } else if (*failure == DnsError::not_found || *failure == DnsError::no_record) {
            cache_.put(pending.key, {failure, {}}, std::min(keep_no, options_.max_negative_ttl), now);
        }
    }

    static DnsVerdict from_cache(const DnsCache::Entry& kept, const DnsCache::Key& key, std::chrono::seconds age) {
        if (kept.failure.has_value()) {
            return {kept.failure, {}};
        }
        DnsVerdict verdict = find_answer(read_dns_message(kept.wire).value(), key.first, key.second);
        verdict.answer.cached = true;
        verdict.answer.ttl -= std::min(age, verdict.answer.ttl);
        for (DnsRecord& each : verdict.answer.records) {
            each.ttl -= std::min(age, each.ttl);
        }
        return verdict;
    }

    const ResolverOptions options_;
    const std::uint64_t owner_;
    std::uint64_t generation_ = fork_generation();
    DnsCache cache_;
    Semaphore turns_{most_at_once};
    Semaphore questions_{most_questions};  // that c-ares has
    std::size_t waiting_ = 0;              // Askings
    AresChannel channel_;                  // its end runs callbacks, which release permits
};

}  // namespace

std::shared_ptr<NameService> make_ares_resolver(const ResolverOptions& options) {
    return std::make_shared<Ares>(options);
}

}  // namespace tendril::detail
