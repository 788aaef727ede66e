// SPDX-License-Identifier: MIT
//
// Snapshots of the hubs of all OS threads. Each hub is asked by a letter and answers for itself, in the middle of its
// turn; so nothing of a hub is read while it runs.

#include <tendril/snapshot.hpp>

#include <algorithm>
#include <memory>
#include <ostream>
#include <utility>

#include <tendril/detail/base/mutex.hpp>

#include "base/symbol.hpp"
#include "hub/blocking_watch.hpp"
#include "hub/here.hpp"
#include "hub/hub_core.hpp"
#include "hub/inspect/name_frames.hpp"

namespace tendril {

namespace detail {

namespace {

// What the asking hub and those asked share. It outlives a caller who does not wait for all answers.
struct Inquiry {
    const bool with_frames;
    const Async::Sender answered;
    Mutex mutex{Rank::shared};
    std::vector<HubSnapshot> answers TENDRIL_GUARDED_BY(mutex);
    std::size_t open TENDRIL_GUARDED_BY(mutex) = 0;

    Inquiry(bool frames, Async::Sender sender) : with_frames(frames), answered(std::move(sender)) {}

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
        answered.send_threadsafe();
    }
};

// Belongs to the mailbox of the hub asked, then to that hub.
struct Question final : Letter {
    const std::shared_ptr<Inquiry> inquiry;

    explicit Question(std::shared_ptr<Inquiry> of) : Letter(&Question::arrived), inquiry(std::move(of)) {}

    static void arrived(Letter& letter, bool hub_lives) noexcept {
        const std::unique_ptr<Question> mine(&static_cast<Question&>(letter));
        try {
            if (hub_lives) {
                HubSnapshot answer = HubCore::here().snapshot(mine->inquiry->with_frames);
                mine->inquiry->close(&answer);
                return;
            }
        } catch (...) {  // no memory: as if it had not answered
        }
        mine->inquiry->close(nullptr);
    }
};

void ask(const std::shared_ptr<Inquiry>& inquiry, const BlockingWatch::KnownHub& hub) {
    auto question = std::make_unique<Question>(inquiry);
    {
        const MutexLock lock(inquiry->mutex);
        HubSnapshot& unanswered = inquiry->answers.emplace_back();
        unanswered.os_thread = hub.os_serial;
        unanswered.kernel_thread = hub.kernel_thread;
        ++inquiry->open;
    }
    if (hub.mailbox->send(*question)) {
        static_cast<void>(question.release());
        return;
    }
    const MutexLock lock(inquiry->mutex);  // it has just ended
    inquiry->answers.pop_back();
    --inquiry->open;
}

}  // namespace
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
    const auto inquiry = std::make_shared<Inquiry>(options.backtraces, answered.sender());
    for (const BlockingWatch::KnownHub& each : BlockingWatch::the().hubs()) {
        if (each.os_serial != here.os.serial) {
            ask(inquiry, each);
        }
    }
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
    all.push_back(here.snapshot(options.backtraces));
    {
        const MutexLock lock(inquiry->mutex);
        for (HubSnapshot& each : inquiry->answers) {
            all.push_back(std::exchange(each, {}));
        }
    }
    std::sort(all.begin() + 1, all.end(),
              [](const HubSnapshot& a, const HubSnapshot& b) { return a.os_thread < b.os_thread; });
    if (options.backtraces) {
        AddressNames names;
        for (HubSnapshot& each : all) {
            name_frames(each, names);
        }
    }
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
