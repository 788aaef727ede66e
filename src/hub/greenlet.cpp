// SPDX-License-Identifier: MIT
//
// The functions of handles; sleep(), idle() and join_all().

#include <tendril/greenlet.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include "hub/hub_core.hpp"

namespace tendril {

using detail::checked;
using detail::Ending;
using detail::Fiber;
using detail::HubCore;
using detail::Record;
using detail::RecordPtr;
using detail::Waiter;

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
            fiber->attend({.call = "kill_nowait"});
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
    return detail::error_of(record_);
}

std::uint64_t AnyGreenlet::id() const noexcept {
    return record_.get() != nullptr ? record_->id : 0;
}

std::string_view AnyGreenlet::name() const noexcept {
    return record_.get() != nullptr ? std::string_view(record_->name) : std::string_view();
}

void AnyGreenlet::set_name(std::string_view name) const {
    Record& record = checked(record_);
    const detail::Heartbeat::Unreadable meanwhile(HubCore::here().heartbeat);
    record.name = name;
}

Site AnyGreenlet::where() const noexcept {
    return record_.get() != nullptr ? record_->where : Site();
}

AnyGreenlet current() {
    HubCore& hub = HubCore::here();
    return hub.handle_of(*hub.current);
}

AnyGreenlet HubCore::handle_of(Fiber& fiber) {
    if (fiber.record == nullptr) {
        const Heartbeat::Unreadable meanwhile(heartbeat);
        auto* record = ::new (detail::allocate_record(sizeof(detail::Result<void>))) detail::Result<void>;
        record->owner = os.serial;
        record->id = fiber.id;
        record->where = fiber.where;
        record->started = fiber.started;
        record->fiber = &fiber;
        fiber.record = record;
    }
    ++fiber.record->references;
    return detail::HandleMaker::make<AnyGreenlet>(fiber.record);
}

void sleep(Deadline deadline) {
    Waiter waiter("sleep");
    waiter.wait(deadline);
}

void idle() {
    Waiter waiter("idle");
    HubCore::here().idlers.push_back(waiter);
    waiter.wait(never);
}

namespace detail {

namespace {

// Counts the ends of many green threads, for one waiter.
struct Gathering {
    struct Member : Observer {
        Gathering* all = nullptr;
        RecordPtr<Record> record;  // counts as a reference: the caller's range may change during the wait
        Member() : Observer(&Member::on_end) {}
        static void on_end(Observer& self) noexcept {
            auto& member = static_cast<Member&>(self);
            member.all->count(*member.record.get());
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
    for (std::size_t i = 0; i < n; ++i) {
        const RecordPtr<Record>& target = RecordAccess::of(*targets[i]);
        if (Record& record = checked(target); record.ending != Ending::none) {
            all.count(record);
        } else {
            members[i].all = &all;
            members[i].record = target;
            observe_end(target, members[i]);
        }
    }
    if (!all.enough()) {
        Waiter waiter("join_all");
        all.waiter = &waiter;
        waiter.wait(options.deadline);
    }
    if (all.failure.get() != nullptr) {
        await_value(all.failure, never);  // throws the green thread's error
    }
    return all.ended;
}

std::size_t kill_some(const AnyGreenlet* const* targets, std::size_t n, const std::exception_ptr& error, bool wait,
                      Deadline deadline) {
    std::vector<const AnyGreenlet*> others;
    AnyGreenlet self;  // a copy: the caller's range may change during the wait
    for (std::size_t i = 0; i < n; ++i) {
        Record& record = checked(RecordAccess::of(*targets[i]));
        if (record.fiber != nullptr && record.fiber->runs()) {
            self = *targets[i];
        } else {
            targets[i]->kill_nowait(error);
            others.push_back(targets[i]);
        }
    }
    const std::size_t ended = wait ? join_some(others.data(), others.size(), {.deadline = deadline}) : 0;
    if (self) {
        self.kill_nowait(error);
    }
    return others.size() - ended;
}

}  // namespace detail
}  // namespace tendril
