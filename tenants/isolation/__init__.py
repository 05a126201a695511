"""The attack list behind `manage.py prove_isolation`: what one tenant could try to reach another one's rows.

Every attack runs for real, with the application's own login, code paths and tokens; whatever it would change is rolled
back. Tables, models and addresses are found in the catalogs, in Django's registry and in the published API document, so
that what is added tomorrow is attacked without a word here.
"""
