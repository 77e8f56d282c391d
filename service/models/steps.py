"""Where each state of a thing can lead: the steps that people and operations may take next.

It refuses nothing itself: operations ask it, and the database's triggers hold the same lists.
"""

from collections.abc import Mapping
from types import MappingProxyType

from service.models.vocabulary import (
    AppointmentState,
    MentorshipState,
    ModelState,
    OverrideState,
    ProposalState,
    RequestState,
    Word,
)

NEXT_STEPS: Mapping[type[Word], Mapping[Word, tuple[Word, ...]]] = MappingProxyType(
    {
        # The database's trigger appointment_transition holds the same list.
        AppointmentState: {
            AppointmentState.OFFERED: (
                AppointmentState.ACCEPTED,
                AppointmentState.DECLINED,
                AppointmentState.WITHDRAWN,
            ),
            AppointmentState.ACCEPTED: (
                AppointmentState.CLEARED_TO_TRAVEL,
                AppointmentState.DECLINED,
                AppointmentState.WITHDRAWN,
            ),
            AppointmentState.CLEARED_TO_TRAVEL: (
                AppointmentState.IN_POST,
                AppointmentState.WITHDRAWN,
            ),
            AppointmentState.IN_POST: (AppointmentState.EXTENDED, AppointmentState.ENDED),
            AppointmentState.EXTENDED: (AppointmentState.ENDED,),
            AppointmentState.ENDED: (AppointmentState.DEBRIEFED, AppointmentState.FORMER_LEADER),
            AppointmentState.DEBRIEFED: (AppointmentState.FORMER_LEADER,),
            AppointmentState.FORMER_LEADER: (),
            AppointmentState.DECLINED: (),
            AppointmentState.WITHDRAWN: (),
        },
        RequestState: {
            RequestState.WAITING: (
                RequestState.MATCHED,
                RequestState.WITHDRAWN,
                RequestState.CLOSED,
            ),
            RequestState.MATCHED: (RequestState.CLOSED,),
            RequestState.WITHDRAWN: (),
            RequestState.CLOSED: (),
        },
        ProposalState: {
            ProposalState.PROPOSED: (
                ProposalState.APPROVED,
                ProposalState.REJECTED,
                ProposalState.SUPERSEDED,
            ),
            ProposalState.APPROVED: (),
            ProposalState.REJECTED: (),
            ProposalState.SUPERSEDED: (),
        },
        # The database's trigger compatibility_model_frozen holds the same list.
        ModelState: {
            ModelState.DRAFT: (ModelState.APPROVED, ModelState.REJECTED),
            ModelState.APPROVED: (ModelState.RETIRED,),
            ModelState.REJECTED: (),
            ModelState.RETIRED: (),
        },
        # The database's trigger match_override_frozen holds the same list.
        OverrideState: {
            OverrideState.PROPOSED: (OverrideState.IN_FORCE, OverrideState.DECLINED),
            OverrideState.IN_FORCE: (OverrideState.WITHDRAWN,),
            OverrideState.DECLINED: (),
            OverrideState.WITHDRAWN: (),
        },
        MentorshipState: {
            MentorshipState.ACTIVE: (MentorshipState.CLOSED,),
            MentorshipState.CLOSED: (),
        },
    }
)
"""Where each state can lead. By enum first: equal words of two enums are one dictionary key."""
