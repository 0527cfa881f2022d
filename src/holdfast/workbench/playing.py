"""The playground: one prompt with and without the filter."""

from __future__ import annotations

from holdfast.types import Delivery
from holdfast.workbench.live import Playing
from holdfast.workbench.problems import Refused
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import playground as wire

__all__ = ["complete", "state"]


def state(site: Site) -> wire.PlaygroundState:
    """Whether there is anything to play with."""
    playing = site.scoring.call(site.live.playing)
    return wire.PlaygroundState(
        live=playing is not None,
        public=site.settings.playground_public,
        draws=0 if playing is None else playing.draws,
    )


def complete(site: Site, visitor: Visitor, body: wire.AskCompletion, address: str) -> wire.Playground:
    """Side by side; nothing of it is stored."""
    site.limits.hit("playground", visitor.worker or address)

    def ask() -> tuple[Delivery, Playing] | None:
        playing = site.live.playing()
        return None if playing is None else (playing.filter.complete(body.prompt, seed=body.seed), playing)

    found = site.scoring.call(ask)
    if found is None:
        raise Refused(409, "conflict", "no generator is loaded", do="train one: `holdfast train generator`")
    delivery, playing = found
    threshold = playing.target.threshold.value
    first = delivery.unfiltered_logit
    unfiltered = wire.Continuation(
        completion=delivery.unfiltered,
        score=None if first is None else first - threshold,
        accepted=first is not None and first < threshold,
    )
    filtered = None
    if delivery.completion is not None and delivery.logit is not None:
        filtered = wire.Continuation(
            completion=delivery.completion, score=delivery.logit - threshold, accepted=True
        )
    return wire.Playground(unfiltered=unfiltered, filtered=filtered, draws=delivery.draws)
