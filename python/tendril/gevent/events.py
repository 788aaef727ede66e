# SPDX-License-Identifier: MIT
"""gevent.events: what happens to the program, for those in `subscribers`."""

__all__ = ["subscribers"]

subscribers = []


def notify(event):
    """Calls all subscribers with the event."""
    for each in list(subscribers):
        each(event)


def notify_and_call_entry_points(event):
    notify(event)


IGeventPatchEvent = IGeventWillPatchEvent = IGeventDidPatchEvent = IGeventWillPatchModuleEvent = None
IGeventDidPatchModuleEvent = IGeventWillPatchAllEvent = IGeventDidPatchBuiltinModulesEvent = None
IGeventDidPatchAllEvent = IEventLoopBlocked = None  # interfaces of zope's are not given


class DoNotPatch(BaseException):
    """A subscriber of a GeventWillPatch...Event raises it to leave that alone."""


class GeventPatchEvent:
    """The base of those about patching."""

    def __init__(self, source, target=None):
        self.source = source
        self.target = target

    def __repr__(self):
        return f"<{type(self).__name__} source={self.source!r} target={self.target!r}>"


class GeventWillPatchEvent(GeventPatchEvent):
    pass


class GeventDidPatchEvent(GeventPatchEvent):
    pass


class _Module:

    def __init__(self, module_name, source, target, items=()):
        super().__init__(source, target)
        self.module_name = module_name
        self.target_item_names = items


class GeventWillPatchModuleEvent(_Module, GeventWillPatchEvent):
    pass


class GeventDidPatchModuleEvent(_Module, GeventDidPatchEvent):

    def __init__(self, module_name, source, target):
        super().__init__(module_name, source, target)


class _All:

    def __init__(self, patch_all_arguments, patch_all_kwargs):
        super().__init__(None, None)
        self.patch_all_arguments = patch_all_arguments
        self.patch_all_kwargs = patch_all_kwargs

    def will_patch_module(self, name):
        return bool(self.patch_all_arguments.get(name))


class GeventWillPatchAllEvent(_All, GeventWillPatchEvent):
    pass


class GeventDidPatchBuiltinModulesEvent(_All, GeventDidPatchEvent):
    pass


class GeventDidPatchAllEvent(_All, GeventDidPatchEvent):
    pass


class EventLoopBlocked:

    def __init__(self, greenlet, blocking_time, info, hub=None):
        self.greenlet, self.blocking_time, self.info, self.hub = greenlet, blocking_time, info, hub
