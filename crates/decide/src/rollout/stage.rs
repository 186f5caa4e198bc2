//! Where a rollout stands, in the words that operators read.

/// One word for a rollout's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    Pending,
    /// Probes only: no user sees green.
    Prechecking,
    Progressing,
    /// Waiting long for what the phase lacks.
    Held,
    /// By an operator, or by a regression where the plan says so.
    Paused,
    /// The guard's alarm has capped the weight.
    Challenged,
    AwaitingApproval,
    Baking,
    /// Green has all of the traffic, blue drains.
    Promoting,
    /// Blue is the worse side: nothing moves by itself.
    BlueUnhealthy,
    RollingBack,
    Succeeded,
    RolledBack,
    /// Green failed its precheck.
    Rejected,
    /// Judging has stopped, the split stays.
    Cancelled,
}

impl Stage {
    pub const ALL: [Stage; 15] = [
        Stage::Pending,
        Stage::Prechecking,
        Stage::Progressing,
        Stage::Held,
        Stage::Paused,
        Stage::Challenged,
        Stage::AwaitingApproval,
        Stage::Baking,
        Stage::Promoting,
        Stage::BlueUnhealthy,
        Stage::RollingBack,
        Stage::Succeeded,
        Stage::RolledBack,
        Stage::Rejected,
        Stage::Cancelled,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Stage::Pending => "pending",
            Stage::Prechecking => "prechecking",
            Stage::Progressing => "progressing",
            Stage::Held => "held",
            Stage::Paused => "paused",
            Stage::Challenged => "challenged",
            Stage::AwaitingApproval => "awaiting_approval",
            Stage::Baking => "baking",
            Stage::Promoting => "promoting",
            Stage::BlueUnhealthy => "blue_unhealthy",
            Stage::RollingBack => "rolling_back",
            Stage::Succeeded => "succeeded",
            Stage::RolledBack => "rolled_back",
            Stage::Rejected => "rejected",
            Stage::Cancelled => "cancelled",
        }
    }

    pub fn from_name(name: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// Nothing but an operator moves it any more.
    pub fn is_finished(self) -> bool {
        !self.is_judged() && !matches!(self, Stage::Pending | Stage::RollingBack)
    }

    /// Started and not decided: observations count.
    pub fn is_judged(self) -> bool {
        match self {
            Stage::Prechecking
            | Stage::Progressing
            | Stage::Held
            | Stage::Paused
            | Stage::Challenged
            | Stage::AwaitingApproval
            | Stage::Baking
            | Stage::Promoting
            | Stage::BlueUnhealthy => true,
            Stage::Pending
            | Stage::RollingBack
            | Stage::Succeeded
            | Stage::RolledBack
            | Stage::Rejected
            | Stage::Cancelled => false,
        }
    }

    /// The phase's own time runs: nothing outside of its gate holds it up.
    pub fn counts_time(self) -> bool {
        let held_up = matches!(self, Stage::Paused | Stage::Challenged | Stage::BlueUnhealthy);
        self.is_judged() && !held_up
    }

    /// Green is out, and only a forced side reaches it.
    pub fn is_latched(self) -> bool {
        matches!(self, Stage::RollingBack | Stage::RolledBack | Stage::Rejected)
    }
}
