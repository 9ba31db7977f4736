"""The learners: a booster whose signs follow the catalogue, and the ridge logit beside it."""
