"""The top floor: one thin verb per DVC stage, the parameters, the paths and the command line. It composes; nobody imports it."""
