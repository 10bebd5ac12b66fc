"""The console's routes: each translates, calls one verb, translates back."""

from bot.console.routes import (
    account,
    alerts,
    appointments,
    bus,
    calls,
    conversations,
    desk,
    events,
    login,
    orientations,
    partners,
    static,
    team,
    workshops,
)

routers = (
    login.router,
    desk.router,
    conversations.router,
    alerts.router,
    appointments.router,
    calls.router,
    workshops.router,
    bus.router,
    team.router,
    partners.router,
    orientations.router,
    account.router,
    events.router,
    static.router,
)
