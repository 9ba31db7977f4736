"""The learners: a LightGBM booster with the catalogue's signs, and a ridge logit as challenger."""
