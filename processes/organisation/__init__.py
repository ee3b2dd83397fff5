"""Agencies, units, people, roles and rights, log-ins, working calendars: who there is and who may do what."""
