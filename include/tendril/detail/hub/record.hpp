// SPDX-License-Identifier: MIT
//
// Record: the state that handles share with their green thread, and all that is left of one that has ended. An
// AsyncResult is a record without a green thread. Not for users.
//
// Owned by its green thread (until it ends) and by every handle. The count needs no lock, because handles stay on their
// OS thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include <tendril/detail/base/list.hpp>
#include <tendril/detail/hub/observer.hpp>
#include <tendril/site.hpp>

namespace tendril {
class Deadline;
}

namespace tendril::detail {

struct CrewMember;
struct Fiber;

enum class Ending : std::uint8_t { none, value, error, killed };

struct Record {
    std::uint32_t references = 1;  // its maker's
    Ending ending = Ending::none;
    bool started = false;              // its body has begun
    bool error_seen = false;           // a caller has asked how it ended
    Fiber* fiber = nullptr;            // while the green thread lives; nullptr for an AsyncResult
    CrewMember* membership = nullptr;  // in a Group or Pool
    std::uint64_t owner = 0;           // serial of the OS thread
    std::uint64_t id = 0;              // 0 for an AsyncResult
    std::uint64_t end_number = 0;      // ends of a hub are numbered in order
    Site where;
    std::string name;
    std::exception_ptr error;  // if it ended by an error, or was killed with a custom exception
    List<Observer> observers;  // of its end
    void (*destroy)(Record*) noexcept;

    explicit Record(void (*d)(Record*) noexcept) noexcept : destroy(d) {}
};

// Memory for records, from the cache of this OS thread's hub.
void* allocate_record(std::size_t size);
void free_record(void* record, std::size_t size) noexcept;

// Drops one reference. With the last one, destroys the record, after reporting an error that no caller has seen.
void release_record(Record* record) noexcept;

template <class T>
struct Result : Record {
    Result() noexcept : Record(&Result::destroy_this) {}
    ~Result() {
        if (ending == Ending::value) {
            value().~T();
        }
    }
    T& value() noexcept { return *std::launder(reinterpret_cast<T*>(bytes_)); }
    void* memory() noexcept { return bytes_; }

private:
    static void destroy_this(Record* record) noexcept {
        auto* self = static_cast<Result*>(record);
        self->~Result();
        free_record(self, sizeof(Result));
    }
    alignas(T) std::byte bytes_[sizeof(T)];
};

template <class T>
struct Result<T&> : Record {
    T* target = nullptr;
    Result() noexcept : Record(&Result::destroy_this) {}

private:
    static void destroy_this(Record* record) noexcept {
        static_cast<Result*>(record)->~Result();
        free_record(record, sizeof(Result));
    }
};

template <>
struct Result<void> : Record {
    Result() noexcept : Record(&Result::destroy_this) {}

private:
    static void destroy_this(Record* record) noexcept {
        static_cast<Result*>(record)->~Result();
        free_record(record, sizeof(Result));
    }
};

// A counted pointer to a record.
template <class R>
class RecordPtr {
public:
    RecordPtr() = default;
    explicit RecordPtr(R* adopted) noexcept : record_(adopted) {}
    RecordPtr(const RecordPtr& other) noexcept : record_(other.record_) {
        if (record_ != nullptr) {
            ++record_->references;
        }
    }
    RecordPtr(RecordPtr&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
    RecordPtr& operator=(RecordPtr other) noexcept {
        std::swap(record_, other.record_);
        return *this;
    }
    ~RecordPtr() {
        if (record_ != nullptr) {
            release_record(record_);
        }
    }
    R* get() const noexcept { return record_; }
    R* release() noexcept { return std::exchange(record_, nullptr); }
    R* operator->() const noexcept { return record_; }

private:
    R* record_ = nullptr;
};

// The operations of handles on their record. All throw std::logic_error for a handle that refers to nothing, and
// WrongThread.
Record& checked(const RecordPtr<Record>& record);
void observe_end(const RecordPtr<Record>& record, Observer& observer);  // logic_error for the running green thread
bool await_end(const RecordPtr<Record>& record, Deadline deadline);     // returns false if the deadline came first
void await_value(const RecordPtr<Record>& record, Deadline deadline);   // returns once there is a value, else throws
std::exception_ptr error_of(const RecordPtr<Record>& record);           // nullptr: has not ended, or ended by a value

// Records how it ended, and notifies its observers: the record's last change.
void end_record(Record& record, Ending ending, std::exception_ptr error) noexcept;

}  // namespace tendril::detail
