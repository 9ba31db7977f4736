"""Which rule of the sources is kept where: rules are listed in docs/rules, code and tests cite them by id, a table joins the two."""
