// SPDX-License-Identifier: MIT
//
// What handles do, and sleep, yield and their like.

#include <tendril/greenlet.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include "hub/hub_core.hpp"

namespace tendril {

using detail::Ending;
using detail::EndObserver;
using detail::Fiber;
using detail::HubCore;
using detail::Outcome;
using detail::Record;
using detail::RecordPtr;
using detail::Waiter;

namespace {

Record& checked(const RecordPtr<Record>& record) {
    if (record.get() == nullptr) {
        throw std::logic_error("this handle refers to no green thread: it was default-made or moved from");
    }
    HubCore::require_here("a green thread's handle", record->owner);
    return *record.get();
}

std::string describe(const Record& record) {
    return "green thread " + std::to_string(record.id) + (record.name.empty() ? "" : " \"" + record.name + '"');
}

[[noreturn]] void rethrow(Record& record) {
    record.error_seen = true;
    if (record.ending == Ending::killed) {
        throw GreenletKilled(describe(record) + " was killed");
    }
    try {
        std::rethrow_exception(record.error);
    } catch (const Interrupt& interrupt) {
        // It was meant for that one; rethrown here it would unwind the asker, past every catch of std::exception.
        throw GreenletKilled(describe(record) +
                             " was ended by an interrupt that it did not catch: " + interrupt.what());
    }
}

struct Joiner : EndObserver {
    Waiter waiter{"join"};
    Joiner() : EndObserver(&Joiner::on_end) {}
    static void on_end(EndObserver& self, Record&) noexcept {
        static_cast<Joiner&>(self).waiter.resolve(Outcome::signalled);
    }
};

}  // namespace

bool AnyGreenlet::join(Deadline deadline) const {
    Record& record = checked(record_);
    if (record.ending != Ending::none) {
        return true;
    }
    if (record.fiber->runs()) {
        throw std::logic_error(describe(record) + " waits for its own end, which would be for ever");
    }
    const RecordPtr<Record> keep = record_;  // the handle may go while we wait
    Joiner joiner;
    record.observers.push_back(joiner);
    joiner.waiter.wait(deadline);
    return record.ending != Ending::none;
}

void AnyGreenlet::await_value(Deadline deadline) const {
    checked(record_);  // before the reference is counted, which only its own OS thread may do
    const RecordPtr<Record> keep = record_;
    if (!join(deadline)) {
        throw TimeoutError("get() of " + describe(*keep.get()));
    }
    if (keep->ending != Ending::value) {
        rethrow(*keep.get());
    }
}

bool AnyGreenlet::kill(Deadline deadline) const {
    return kill(std::exception_ptr(), deadline);
}

bool AnyGreenlet::kill(std::exception_ptr error, Deadline deadline) const {
    checked(record_);
    const AnyGreenlet keep = *this;
    keep.kill_nowait(std::move(error));
    return keep.record_->fiber != nullptr && keep.record_->fiber->runs() ? false : keep.join(deadline);
}

void AnyGreenlet::kill_nowait() const {
    kill_nowait(std::exception_ptr());
}

void AnyGreenlet::kill_nowait(std::exception_ptr error) const {
    Fiber* fiber = checked(record_).fiber;
    if (fiber != nullptr) {
        fiber->kill(std::move(error));
        if (fiber->runs()) {
            fiber->attend();
        }
    }
}

bool AnyGreenlet::cancel() const {
    Record& record = checked(record_);
    if (record.fiber == nullptr || record.fiber->started) {
        return false;
    }
    record.fiber->kill(nullptr);
    return true;
}

bool AnyGreenlet::started() const noexcept {
    return record_.get() != nullptr && record_->started;
}

bool AnyGreenlet::ready() const noexcept {
    return record_.get() != nullptr && record_->ending != Ending::none;
}

bool AnyGreenlet::successful() const noexcept {
    return record_.get() != nullptr && record_->ending == Ending::value;
}

bool AnyGreenlet::killed() const noexcept {
    return record_.get() != nullptr && record_->ending == Ending::killed;
}

std::exception_ptr AnyGreenlet::exception() const {
    Record& record = checked(record_);
    record.error_seen = true;
    if (record.ending == Ending::killed) {
        return std::make_exception_ptr(GreenletKilled(describe(record) + " was killed"));
    }
    return record.error;
}

std::uint64_t AnyGreenlet::id() const noexcept {
    return record_.get() != nullptr ? record_->id : 0;
}

std::string_view AnyGreenlet::name() const noexcept {
    return record_.get() != nullptr ? std::string_view(record_->name) : std::string_view();
}

void AnyGreenlet::set_name(std::string_view name) const {
    checked(record_).name = name;
}

Site AnyGreenlet::where() const noexcept {
    return record_.get() != nullptr ? record_->where : Site();
}

AnyGreenlet current() {
    HubCore& hub = HubCore::here();
    Fiber& fiber = *hub.current;
    if (fiber.record == nullptr) {
        auto* record = ::new (detail::allocate_record(sizeof(detail::Result<void>))) detail::Result<void>;
        record->owner = hub.os.serial;
        record->id = fiber.id;
        record->where = fiber.where;
        record->started = true;
        record->fiber = &fiber;
        fiber.record = record;
    }
    ++fiber.record->references;
    return detail::Access::handle<AnyGreenlet>(fiber.record);
}

void yield() {
    HubCore::here().yield();
}

void sleep(Deadline deadline) {
    Waiter waiter("sleep");
    waiter.wait(deadline);
}

void idle() {
    Waiter waiter("idle");
    waiter.fiber.hub.idlers.push_back(waiter);
    waiter.wait(never);
}

namespace detail {

namespace {

// Waits for the ends of many at once.
struct Gathering {
    struct Member : EndObserver {
        Gathering* all = nullptr;
        Member() : EndObserver(&Member::on_end) {}
        static void on_end(EndObserver& self, Record& record) noexcept {
            static_cast<Member&>(self).all->count(record);
        }
    };

    const JoinOptions& options;
    std::size_t wanted;
    std::size_t ended = 0;
    RecordPtr<Record> failure;  // the earliest
    Waiter* waiter = nullptr;

    bool enough() const noexcept { return ended >= wanted || failure.get() != nullptr; }

    void count(Record& record) noexcept {
        ++ended;
        const bool failed = record.ending == Ending::error || record.ending == Ending::killed;
        if (options.raise_error && failed && (failure.get() == nullptr || record.end_number < failure->end_number)) {
            ++record.references;
            failure = RecordPtr<Record>(&record);
        }
        if (waiter != nullptr && enough()) {
            waiter->resolve(Outcome::signalled);
        }
    }
};

}  // namespace

std::size_t join_some(const AnyGreenlet* const* targets, std::size_t n, const JoinOptions& options) {
    Gathering all{options, std::min(options.count, n), 0, {}, nullptr};
    const std::unique_ptr<Gathering::Member[]> members(new Gathering::Member[n]);
    std::vector<RecordPtr<Record>> keep(n);
    for (std::size_t i = 0; i < n; ++i) {
        Record& record = checked(Access::pointer(*targets[i]));
        if (record.ending != Ending::none) {
            all.count(record);
        } else if (record.fiber->runs()) {
            throw std::logic_error(describe(record) + " waits for its own end, which would be for ever");
        } else {
            keep[i] = Access::pointer(*targets[i]);
            members[i].all = &all;
            record.observers.push_back(members[i]);
        }
    }
    if (!all.enough()) {
        Waiter waiter("join_all");
        all.waiter = &waiter;
        waiter.wait(options.deadline);
    }
    if (all.failure.get() != nullptr) {
        rethrow(*all.failure.get());
    }
    return all.ended;
}

std::size_t kill_some(const AnyGreenlet* const* targets, std::size_t n, Deadline deadline) {
    std::vector<const AnyGreenlet*> others;
    AnyGreenlet self;  // a copy: the caller's range may change while we wait
    for (std::size_t i = 0; i < n; ++i) {
        Record& record = checked(Access::pointer(*targets[i]));
        if (record.fiber != nullptr && record.fiber->runs()) {
            self = *targets[i];
        } else {
            targets[i]->kill_nowait();
            others.push_back(targets[i]);
        }
    }
    const std::size_t ended = join_some(others.data(), others.size(), {.deadline = deadline});
    if (self) {
        self.kill_nowait();
    }
    return others.size() - ended;
}

}  // namespace detail
}  // namespace tendril
