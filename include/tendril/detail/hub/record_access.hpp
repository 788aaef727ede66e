// SPDX-License-Identifier: MIT
//
// Internal access to handles (AnyGreenlet, Greenlet, AsyncResult), which are references to a Record. Not for users.

#pragma once

#include <utility>

#include <tendril/detail/hub/record.hpp>

namespace tendril::detail {

// Gets the Record of a handle.
struct RecordAccess {
    template <class Handle>
    static const RecordPtr<Record>& of(const Handle& handle) noexcept {
        return handle.record_;
    }
};

// Makes handles of Records.
struct HandleMaker {
    template <class Handle>
    static Handle make(Record* adopted) noexcept {
        return Handle(RecordPtr<Record>(adopted));
    }
    template <class Handle>
    static Handle make(RecordPtr<Record> record) noexcept {
        return Handle(std::move(record));
    }
    template <class To, class From>
    static To as(From&& handle) noexcept {  // a handle of another type for the same Record
        return To(std::move(handle.record_));
    }
};

}  // namespace tendril::detail
