"""The console's routes: each translates, calls one verb, translates back."""

from bot.console.routes import (
    account,
    agenda,
    alerts,
    appointments,
    calls,
    conversations,
    demand,
    desk,
    events,
    feeds,
    login,
    openings,
    static,
    team,
)

routers = (
    login.router,
    desk.router,
    conversations.router,
    alerts.router,
    agenda.router,
    feeds.router,
    appointments.router,
    openings.router,
    demand.router,
    calls.router,
    team.router,
    account.router,
    events.router,
    static.router,
)
