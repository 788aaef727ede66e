// SPDX-License-Identifier: MIT
//
// Snapshots of the hubs of all OS threads. Each hub is asked by a letter and answers for itself, in the middle of its
// turn; so nothing of a hub is read while it runs. The one who asks is a green thread, or an OS thread without a hub.

#include <tendril/snapshot.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <tendril/detail/base/mutex.hpp>

#include "base/at_fork.hpp"
#include "base/on_exit.hpp"
#include "base/once.hpp"
#include "base/symbol.hpp"
#include "base/thread_condition.hpp"
#include "hub/blocking_watch.hpp"
#include "hub/here.hpp"
#include "hub/hub_core.hpp"
#include "hub/inspect/from_outside.hpp"
#include "hub/inspect/name_frames.hpp"

namespace tendril {

namespace detail {

namespace {

// What the asking hub and those asked share. It outlives a caller who does not wait for all answers.
struct Inquiry {
    const SnapshotOptions options;
    const std::optional<Async::Sender> answered;  // none: an OS thread waits for `changed`
    ThreadCondition changed;
    std::atomic<bool> given_up = false;  // nobody waits for the answers any more
    Mutex mutex{Rank::shared};
    std::vector<HubSnapshot> answers TENDRIL_GUARDED_BY(mutex);
    std::size_t open TENDRIL_GUARDED_BY(mutex) = 0;

    Inquiry(SnapshotOptions wanted, std::optional<Async::Sender> sender)
        : options(wanted), answered(std::move(sender)) {}

    bool complete() {
        const MutexLock lock(mutex);
        return open == 0;
    }
    void close(HubSnapshot* answer) {
        {
            const MutexLock lock(mutex);
            --open;
            for (HubSnapshot& each : answers) {
                if (answer != nullptr && each.os_thread == answer->os_thread) {
                    std::swap(each, *answer);
                }
            }
        }
        if (answered) {
            answered->send_threadsafe();
        } else {
            changed.wake_all();
        }
    }
    TENDRIL_NOT_ANALYZED void wait(Deadline deadline) noexcept {
        MutexLock lock(mutex);
        while (open != 0 && !deadline.passed()) {
            changed.wait(lock, std::chrono::nanoseconds(std::max<std::int64_t>(deadline.ns() - Deadline::now_ns(), 0)));
        }
    }
    void take_answers(std::vector<HubSnapshot>& all) {
        const MutexLock lock(mutex);
        for (HubSnapshot& each : answers) {
            all.push_back(std::exchange(each, {}));
        }
    }
};
using Inquiries = std::vector<std::shared_ptr<Inquiry>>;

// Belongs to the mailbox of the hub asked, then to that hub.
struct Question final : Letter {
    const std::uint64_t os_serial;  // of that hub
    Inquiries inquiries;            // under the mutex below

    explicit Question(std::uint64_t serial) noexcept : Letter(&Question::arrived), os_serial(serial) {}
    static void arrived(Letter& letter, bool hub_lives) noexcept;
};

// The questions under way: one for each hub at most, or a hub that never looks at its mail would collect them. Never
// destroyed: hubs of detached OS threads may end after static objects do.
struct UnderWay {
    Mutex mutex{Rank::shared};
    std::map<std::uint64_t, Question*> questions TENDRIL_GUARDED_BY(mutex);
    const AtFork at_fork{this, [](void* self) noexcept { static_cast<UnderWay*>(self)->forked(); }};

    // Joins the question that the hub was already asked. Returns: else a new one, to be sent.
    std::unique_ptr<Question> join(const std::shared_ptr<Inquiry>& inquiry, std::uint64_t os_serial) {
        const MutexLock lock(mutex);
        Question*& place = questions[os_serial];
        std::unique_ptr<Question> made;
        try {
            if (place == nullptr) {
                made = std::make_unique<Question>(os_serial);
                made->inquiries.push_back(inquiry);
                place = made.get();
            } else {
                std::erase_if(place->inquiries, [](const auto& each) { return each->given_up.load(); });
                place->inquiries.push_back(inquiry);
            }
        } catch (...) {
            if (place == nullptr) {
                questions.erase(os_serial);
            }
            throw;
        }
        return made;
    }
    Inquiries end(Question& question) noexcept {
        const MutexLock lock(mutex);
        questions.erase(question.os_serial);
        return std::exchange(question.inquiries, {});
    }

private:
    TENDRIL_NOT_ANALYZED void forked() noexcept { questions.clear(); }  // they were in the parent's mailboxes
};

UnderWay& under_way() {
    static constinit Once once;
    alignas(UnderWay) static std::byte memory[sizeof(UnderWay)];
    once([] { ::new (static_cast<void*>(memory)) UnderWay; });
    return *std::launder(reinterpret_cast<UnderWay*>(memory));
}

void Question::arrived(Letter& letter, bool hub_lives) noexcept {
    const std::unique_ptr<Question> mine(&static_cast<Question&>(letter));
    for (const std::shared_ptr<Inquiry>& each : under_way().end(*mine)) {
        if (each->given_up) {
            continue;
        }
        try {
            if (hub_lives) {
                HubCore& hub = HubCore::here();
                if (each->options.scheduling) {
                    hub.measures.want();
                }
                HubSnapshot answer = hub.snapshot(each->options.backtraces, each->options.only);
                each->close(&answer);
                continue;
            }
        } catch (...) {  // no memory: as if it had not answered
        }
        each->close(nullptr);
    }
}

void ask(const std::shared_ptr<Inquiry>& inquiry, const BlockingWatch::KnownHub& hub) {
    {
        const MutexLock lock(inquiry->mutex);
        HubSnapshot& unanswered = inquiry->answers.emplace_back();
        unanswered.os_thread = hub.os_serial;
        unanswered.kernel_thread = hub.kernel_thread;
        ++inquiry->open;
    }
    std::unique_ptr<Question> question = under_way().join(inquiry, hub.os_serial);
    if (question == nullptr || hub.mailbox->send(*question)) {
        static_cast<void>(question.release());
        return;
    }
    for (const std::shared_ptr<Inquiry>& each : under_way().end(*question)) {  // it has just ended
        if (each != inquiry) {
            each->close(nullptr);
        }
    }
    const MutexLock lock(inquiry->mutex);
    inquiry->answers.pop_back();
    --inquiry->open;
}

void ask_all(const std::shared_ptr<Inquiry>& inquiry, std::uint64_t but) {
    for (const BlockingWatch::KnownHub& each : BlockingWatch::the().hubs()) {
        if (each.os_serial != but) {
            ask(inquiry, each);
        }
    }
}

void sort_and_name(std::vector<HubSnapshot>& all, std::size_t first, const SnapshotOptions& options) {
    std::sort(all.begin() + static_cast<std::ptrdiff_t>(first), all.end(),
              [](const HubSnapshot& a, const HubSnapshot& b) { return a.os_thread < b.os_thread; });
    if (options.backtraces) {
        AddressNames names;
        for (HubSnapshot& each : all) {
            name_frames(each, names);
        }
    }
}

}  // namespace

std::vector<HubSnapshot> snapshot_from_outside(SnapshotOptions options, std::chrono::nanoseconds patience) {
    const auto inquiry = std::make_shared<Inquiry>(options, std::nullopt);
    const OnExit left([&] { inquiry->given_up = true; });
    ask_all(inquiry, 0);
    inquiry->wait(Deadline(patience));
    std::vector<HubSnapshot> all;
    inquiry->take_answers(all);
    sort_and_name(all, 0, options);
    return all;
}

}  // namespace detail

std::vector<HubSnapshot> snapshot_all(SnapshotOptions options, Duration patience) {
    using namespace detail;
    HubCore& here = HubCore::here();
    here.refuse_in_callback();
    const Deadline deadline(patience);
    Waiter* waiting = nullptr;
    const Async answered([&waiting] {
        if (waiting != nullptr) {
            waiting->resolve(Outcome::signalled);
        }
    });
    const auto inquiry = std::make_shared<Inquiry>(options, answered.sender());
    const OnExit left([&] { inquiry->given_up = true; });
    ask_all(inquiry, here.os.serial);
    while (!inquiry->complete()) {
        struct Here {
            Waiter*& place;
            ~Here() { place = nullptr; }
        } const gone{waiting};
        Waiter waiter("snapshot_all");
        waiting = &waiter;
        if (waiter.wait(deadline) == Outcome::timed_out) {
            break;
        }
    }
    std::vector<HubSnapshot> all;
    if (options.scheduling) {
        here.measures.want();
    }
    all.push_back(here.snapshot(options.backtraces, options.only));
    inquiry->take_answers(all);
    sort_and_name(all, 1, options);
    return all;
}

void dump_all(std::ostream& out, DumpOptions options, Duration patience) {
    for (const HubSnapshot& each : snapshot_all({.backtraces = options.backtraces}, patience)) {
        out << "hub of OS thread " << each.os_thread << " (for the kernel " << each.kernel_thread << ")";
        if (each.answered) {
            out << ": " << each.stats.greenlets << " green threads, " << each.stats.timers << " timers, backend "
                << each.backend;
        }
        out << '\n' << each;
    }
}

}  // namespace tendril
