// SPDX-License-Identifier: MIT

#include <tendril/detail/hub/record.hpp>

#include <stdexcept>
#include <utility>

#include "base/escape.hpp"
#include "base/report.hpp"
#include "base/timed_out.hpp"
#include "hub/here.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

void* allocate_record(std::size_t size) {
    return HubCore::here().records.allocate(size);
}

void free_record(void* record, std::size_t size) noexcept {
    if (HubCore* hub = HubCore::if_any(); hub != nullptr) {
        hub->records.free(record, size);
    } else {
        RecordCache::free_late(record, size);  // the handle outlived the hub
    }
}

namespace {

std::string describe(std::uint64_t id, const std::string& name) {
    return id == 0 ? "an AsyncResult"
                   : "green thread " + std::to_string(id) + (name.empty() ? "" : " \"" + escaped(name) + '"');
}

std::string describe(const Record& record) {
    return describe(record.id, record.name);
}

// The rare halves of what every handle does are functions of their own, so that the usual ones need no frame.

[[gnu::noinline, gnu::cold]] void report_foreign_release(const Record& record) noexcept {
    report("a handle of " + describe(record) + " was dropped on OS thread " +
           std::to_string(OsThread::current_serial()) + " but belongs to " + std::to_string(record.owner) +
           "; its record is leaked");
}

// Of one that has not ended by a value: an error that nobody has seen, links to a result that can no longer be set.
[[gnu::noinline]] void finish_unusual(Record& record) noexcept {
    if (record.ending == Ending::error && !record.error_seen) {
        const ErrorContext context{record.id, record.name, record.where,
                                   record.id != 0 ? "green thread" : "an AsyncResult"};
        if (HubCore* hub = HubCore::if_any(); hub != nullptr) {
            hub->report(context, record.error);
        } else {
            report("a green thread of a hub that is gone", record.error);
        }
    }
    if (record.ending == Ending::none) {
        notify_all(record.observers);
    }
    record.destroy(&record);
}

[[noreturn, gnu::noinline, gnu::cold]] void refuse_handle(const Record* record) {
    if (record == nullptr) {
        throw std::logic_error("this handle refers to nothing: it was default-constructed or moved from");
    }
    throw WrongThread(record->id != 0 ? "a green thread's handle" : "an AsyncResult", record->owner,
                      OsThread::current_serial());
}

}  // namespace

void release_record(Record* record) noexcept {
    if (record->owner != OsThread::current_serial() && record->owner != 0) [[unlikely]] {
        report_foreign_release(*record);
    } else if (--record->references == 0) {
        if (record->ending == Ending::value) [[likely]] {
            record->destroy(record);
        } else {
            finish_unusual(*record);
        }
    }
}

Record& checked(const RecordPtr<Record>& record) {
    Record* const refers = record.get();
    if (refers == nullptr || refers->owner != OsThread::current_serial()) [[unlikely]] {
        refuse_handle(refers);
    }
    return *refers;
}

namespace {

[[noreturn]] void rethrow(Record& record) {
    record.error_seen = true;
    if (record.ending == Ending::killed) {
        throw GreenletKilled(describe(record) + " was killed");
    }
    try {
        std::rethrow_exception(record.error);
    } catch (const Interrupt& interrupt) {
        // It was meant for that green thread; rethrown here it would unwind the caller, past every catch of
        // std::exception.
        throw GreenletKilled(describe(record) +
                             " was ended by an interrupt that it did not catch: " + interrupt.what());
    }
}

struct Joiner : Observer {
    Waiter waiter;
    explicit Joiner(const char* what) : Observer(&Joiner::on_end), waiter(what) {}
    static void on_end(Observer& self) noexcept { static_cast<Joiner&>(self).waiter.resolve(Outcome::signalled); }
};

}  // namespace

void observe_end(const RecordPtr<Record>& record, Observer& observer) {
    Record& target = checked(record);
    if (target.fiber != nullptr && target.fiber->runs()) {
        throw std::logic_error(describe(target) + " waits for its own end, which would never come");
    }
    target.observers.push_back(observer);
}

bool await_end(const RecordPtr<Record>& record, Deadline deadline) {
    Record& target = checked(record);
    if (target.ending != Ending::none) {
        return true;
    }
    // The handle may be dropped during the wait. NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
    const RecordPtr<Record> keep = record;
    Joiner joiner(target.id == 0 ? "AsyncResult::get" : "join");
    observe_end(keep, joiner);
    joiner.waiter.wait(deadline);
    return target.ending != Ending::none;
}

void await_value(const RecordPtr<Record>& record, Deadline deadline) {
    checked(record);  // before the reference is counted, which only the owner's OS thread may do
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): as above
    const RecordPtr<Record> keep = record;
    if (!await_end(keep, deadline)) {
        time_out({.waited_ns = here::waited_ns()},
                 [id = keep->id, name = keep->name] { return "get() of " + describe(id, name); });
    }
    if (keep->ending != Ending::value) {
        rethrow(*keep.get());
    }
}

std::exception_ptr error_of(const RecordPtr<Record>& record) {
    Record& target = checked(record);
    target.error_seen = true;
    if (target.ending == Ending::killed) {
        return std::make_exception_ptr(GreenletKilled(describe(target) + " was killed"));
    }
    return target.error;
}

void end_record(Record& record, Ending ending, std::exception_ptr error) noexcept {
    record.ending = ending;
    if (error != nullptr) [[unlikely]] {
        record.error = std::move(error);
    }
    record.fiber = nullptr;
    HubCore* hub = HubCore::if_any();
    record.end_number = hub != nullptr ? ++hub->ends : 0;  // an AsyncResult may be set after its hub has ended
    notify_all(record.observers);
}

}  // namespace tendril::detail
